import { Checkup, SecretSource, type Check, type Finding } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { refused, SageMakerWorld } from './__fixtures__/world.ts';
import { SageMakerAgent } from './agent.ts';
import { BotoAgent } from './boto-agent.ts';
import type { SageMakerClient } from './client.ts';

/** What `flyte-agents doctor` finds, when SageMaker's jobs are described so. */
async function examine(changed: Partial<SageMakerClient>, region?: string): Promise<readonly Finding[]> {
  return run(new SageMakerAgent({ region, connect: async () => ({ ...new SageMakerWorld().client(), ...changed }) }));
}

async function run(agent: { checks(): readonly Check[] }): Promise<readonly Finding[]> {
  const checkup = new Checkup({ project: '', domain: '', limitMs: 5000, secrets: new SecretSource({}, { files: false }) });
  return Promise.all(agent.checks().map((check) => checkup.run(check)));
}

test('OP10: the agent finds that the service lets it in, and asks for a job that nobody has', async () => {
  expect(await examine({}, 'us-east-2')).toMatchObject([
    { name: 'service', outcome: 'ok', message: 'answers in us-east-2, and lets training jobs be seen' },
  ]);
});

async function denied(): Promise<never> {
  throw refused('AccessDeniedException', 'not authorized to perform sagemaker:DescribeTrainingJob', 403);
}

test('OP10: a refusal is a problem that says what to grant', async () => {
  expect(await examine({ describe: denied }, 'us-east-2')).toMatchObject([
    {
      outcome: 'problem',
      message: expect.stringContaining('sagemaker:DescribeTrainingJob'),
      fix: expect.stringContaining('grant it to the role'),
    },
  ]);
});

test('OP10: without a region there is nowhere to ask: tasks may name theirs, and the operator is told', async () => {
  expect(await examine({})).toMatchObject([
    { outcome: 'warning', message: 'no region for tasks that name none', fix: expect.stringContaining('AWS_REGION') },
  ]);
});

test('OP10: which calls tasks may make is told', async () => {
  expect(await run(new BotoAgent())).toMatchObject([
    { name: 'calls', outcome: 'ok', message: 'tasks may make sagemaker:create_model and 20 others' },
  ]);
});
