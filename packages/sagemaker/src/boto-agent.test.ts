import type { JsonObject, Literal } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { contextOf, taskOf, toConfig } from './__fixtures__/task.ts';
import { refused } from './__fixtures__/world.ts';
import { BotoAgent } from './boto-agent.ts';
import type { Call, SageMakerClient } from './client.ts';
import { callConfig } from './config.ts';
import { fromEnvironment, type BotoAgentOptions } from './options.ts';

/** What an agent of single calls was asked, and what it gave. */
interface Played {
  readonly custom: object;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly answer?: JsonObject | Error;
  readonly options?: BotoAgentOptions;
}

async function play({ custom, inputs = {}, answer = {}, options = {} }: Played) {
  const calls: Call[] = [];
  const call = async (made: Call): Promise<JsonObject> => {
    calls.push(made);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is called
  const agent = new BotoAgent({ connect: async () => ({ call }) as Partial<SageMakerClient> as SageMakerClient, ...options });
  const config = toConfig(callConfig, { service: 'sagemaker', method: 'create_model', region: 'us-east-2', ...custom });
  return { calls, resource: await agent.do(taskOf(config, { type: 'boto', inputs }), contextOf()) };
}

describe('SM5: a call', () => {
  test('gets inputs and images, typed where they are all of a value', async () => {
    const { calls } = await play({
      custom: {
        config: {
          ModelName: 'm-{inputs.n}-{inputs.b}',
          N: '{inputs.n}',
          Image: '{images.main}',
          Deep: [{ D: '{inputs.g.a.b}' }],
          Other: '{left} as is',
        },
        images: { main: '{account_id}.dkr.ecr.{region}.{base}/sagemaker-tritonserver:21.08-py3' },
      },
      inputs: {
        n: { kind: 'integer', value: 5n },
        b: { kind: 'boolean', value: true },
        g: { kind: 'generic', value: { a: { b: 0.5 } } },
      },
    });
    expect(calls).toEqual([
      {
        service: 'sagemaker',
        method: 'create_model',
        body: {
          ModelName: 'm-5-True',
          N: 5,
          Image: '007439368137.dkr.ecr.us-east-2.amazonaws.com/sagemaker-tritonserver:21.08-py3',
          Deep: [{ D: 0.5 }],
          Other: '{left} as is',
        },
      },
    ]);
  });

  test('of nothing that is there is refused', async () => {
    await expect(play({ custom: { config: { ModelName: '{inputs.missing}' } } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Could not find the key inputs.missing'),
    });
  });

  test('gets a shorter token where its name would be too long', async () => {
    const { calls } = await play({ custom: { config: { ModelName: `${'m'.repeat(55)}-{idempotence_token}` } } });
    expect(calls[0]?.body['ModelName']).toMatch(/^m{55}-[0-9a-f]{7}$/);
  });

  test('gets texts where the API takes no numbers', async () => {
    const { calls } = await play({
      custom: { config: { HyperParameters: { depth: '{inputs.n}', on: true } } },
      inputs: { n: { kind: 'integer', value: 5n } },
    });
    expect(calls[0]?.body['HyperParameters']).toEqual({ depth: '5', on: 'True' });
  });

  test.each(['aws', 'aws-cn', 'aws-us-gov'])('SM7: that finds its work done in %s gives what there is', async (partition) => {
    const arn = `arn:${partition}:sagemaker:us-east-2:123456789012:model/m`;
    const { resource } = await play({
      custom: { config: { ModelName: 'm' } },
      answer: refused('ValidationException', `Cannot create already existing model "${arn}".`),
    });
    expect(
      JSON.stringify(resource, (_, value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value)),
    ).toContain(arn);
    expect(resource.phase).toBe('SUCCEEDED');
  });

  test.each([
    ['AccessDeniedException', 'PERMISSION_DENIED'],
    ['ValidationException', 'INVALID_ARGUMENT'],
    ['ResourceLimitExceeded', 'RESOURCE_EXHAUSTED'],
  ])('SM4: that is refused by %s says so', async (reason, code) => {
    await expect(play({ custom: { config: {} }, answer: refused(reason, 'no') })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${reason}: no`),
    });
  });
});

describe('SM5: the list of what may be called', () => {
  test.each([
    ['iam', 'create_user'],
    ['sagemaker', 'create_training_job'],
    ['sagemaker', 'delete_domain'],
  ])('has no %s:%s', async (service, method) => {
    await expect(play({ custom: { service, method, config: {} } })).rejects.toMatchObject({ code: 'PERMISSION_DENIED', origin: 'user' });
  });

  test("is the operator's", async () => {
    const options = fromEnvironment({ FLYTE_BOTO_ALLOWED: 'sagemaker:create_training_job, sagemaker-runtime:*' });
    const allowed = { allowed: options.allowed };
    await play({ custom: { method: 'create_training_job', config: {} }, options: allowed });
    await play({ custom: { service: 'sagemaker-runtime', method: 'invoke_endpoint', config: {} }, options: allowed });
    await expect(play({ custom: { config: {} }, options: allowed })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(() => fromEnvironment({ FLYTE_BOTO_ALLOWED: 'iam:*' })).toThrow('FLYTE_BOTO_ALLOWED');
  });
});
