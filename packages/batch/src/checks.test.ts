import { Checkup, SecretSource, type Check, type Finding } from '@flyte-agents/core';
import { AwsRequestError } from '@flyte-agents/aws';
import { expect, test } from 'vitest';
import { BatchAgent } from './agent.ts';
import type { BatchClient, Queue } from './client.ts';

/** What `flyte-agents doctor` finds. */
async function examine(agent: { checks(): readonly Check[] }, secrets: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  const checkup = new Checkup({ project: '', domain: '', limitMs: 5000, secrets: new SecretSource(secrets, { files: false }) });
  return Promise.all(agent.checks().map((check) => checkup.run(check)));
}

async function other(): Promise<never> {
  throw new Error('not to be asked');
}

/** An agent whose Batch answers so when it is asked for a queue. */
function toAgent(queue: BatchClient['queue'], queues: Readonly<Record<string, string>> = {}): BatchAgent {
  const client = {
    submit: other,
    list: other,
    failedOf: other,
    describe: other,
    terminate: other,
    findDefinition: other,
    register: other,
    readLog: other,
    queue,
  };
  return new BatchAgent({ queues, connect: async () => client });
}

function inState(state: string, status: string): Queue {
  return { state, status, environments: [] };
}

test('OP10: without a queue of its own, the agent finds that the service lets it in', async () => {
  const agent = toAgent(async () => inState('DELETED', ''));
  expect(await examine(agent, {})).toMatchObject([{ name: 'service', outcome: 'ok', message: 'answers, and lets queues be seen' }]);
});

test('OP10: every queue that the operator names is looked at once', async () => {
  const agent = toAgent(async (queue) => inState(queue === 'slow' ? 'DISABLED' : 'ENABLED', 'VALID'), {
    '*': 'main',
    sales: 'slow',
    'sales/production': 'main',
  });
  expect(await examine(agent, {})).toMatchObject([
    { name: 'queue', outcome: 'ok', message: 'main takes jobs' },
    { name: 'queue', outcome: 'problem', message: 'AWS Batch queue slow: DISABLED, VALID', fix: 'enable it, or name another one' },
  ]);
});

test('OP10: a refusal is a problem that says what to grant', async () => {
  const agent = toAgent(async () => {
    throw new AwsRequestError('not authorized to perform batch:DescribeJobQueues', {
      from: 'service',
      status: 403,
      reason: 'AccessDeniedException',
    });
  });
  expect(await examine(agent, {})).toMatchObject([
    {
      outcome: 'problem',
      message: expect.stringContaining('batch:DescribeJobQueues'),
      fix: expect.stringContaining('grant it to the role'),
    },
  ]);
});
