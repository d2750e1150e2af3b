import { AwsRequestError } from '@flyte-agents/aws';
import { FlyteDatetime, SecretSource, type CreateContext, type GetContext } from '@flyte-agents/core';
import { RecordingLogger } from '@flyte-agents/testing';
import { describe, expect, test } from 'vitest';
import { key, toTask } from './__fixtures__/task.ts';
import { BatchWorld } from './__fixtures__/world.ts';
import { BatchAgent } from './agent.ts';
import type { BatchClient, Job } from './client.ts';
import { jobRef, type JobRef } from './config.ts';

const logger = new RecordingLogger();
const task = toTask({});

const nothing = async (): Promise<never> => {
  throw new Error('nothing is read here');
};

function context(store: Partial<GetContext['store']> = {}): CreateContext & GetContext {
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project: 'flytesnacks',
    domain: 'development',
    secrets: new SecretSource({}, { files: false }).of({ project: 'flytesnacks', domain: 'development' }),
    fetch: nothing,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is not given is not called
    store: { read: nothing, stat: nothing, ...store } as GetContext['store'],
    logger,
    idempotencyKey: key,
    createdAt: Date.now(),
    outputPrefix: task.outputPrefix,
  };
}

/** An agent of which some requests are answered otherwise. */
function agentOf(world: BatchWorld, changed: Partial<BatchClient> = {}): BatchAgent {
  return new BatchAgent({ connect: async () => ({ ...world.client(), ...changed }) });
}

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('AB1: the name of a job', () => {
  test('finds it when its submit came again to another replica', async () => {
    const world = new BatchWorld();
    const first = await world.agent().create(task, context());
    expect(await world.agent().create(task, context())).toEqual(first);
    expect(world.calls).toMatchObject({ submit: 1, search: 2 });
  });

  test('finds it when the answer to its submit was lost', async () => {
    const world = new BatchWorld();
    world.fault({ kind: 'lost-after', operation: 'submit' });
    expect(await world.agent().create(task, context())).toMatchObject({ jobId: 'job-1' });
    expect(world.taken).toHaveLength(1);
  });

  test('says nothing when it is not found after a submit without an answer: it may be shown later', async () => {
    const world = new BatchWorld();
    world.fault({ kind: 'lost-before', operation: 'submit' });
    await expect(world.agent().create(task, context())).rejects.toMatchObject({ submitted: 'unknown', passes: true });
  });

  test('must be the same in every letter, and the oldest of two is taken', async () => {
    const world = new BatchWorld();
    const { name } = await world.agent().create(task, context());
    const list = async () => [
      { jobId: 'upper', jobName: name.toUpperCase(), createdAt: 0 },
      { jobId: 'younger', jobName: name, createdAt: 2 },
      { jobId: 'older', jobName: name, createdAt: 1 },
    ];
    expect(await agentOf(world, { list }).create(task, context())).toMatchObject({ jobId: 'older' });
  });

  test('does not help two replicas that look at the same moment: both submit, the oldest counts, and (AB7) a delete stops both', async () => {
    const world = new BatchWorld();
    world.latencyMs = () => 5;
    const refs = await Promise.all([world.agent().create(task, context()), world.agent().create(task, context())]);
    expect(world.taken).toHaveLength(2);
    expect(await world.agent().find(key, world.agent().locate(task), context())).toMatchObject({ jobId: 'job-1' });
    await world.agent().delete(refs[1], context());
    expect(world.taken.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});

describe('AB10: a definition', () => {
  test('is registered once, however many tasks need it at once', async () => {
    const world = new BatchWorld();
    const agent = world.agent();
    const other = toTask({ execution: { name: 'other' } });
    await Promise.all([agent.create(task, context()), agent.create(other, context())]);
    await world.agent().create(toTask({ execution: { name: 'third' } }), context());
    expect(world.definitions).toHaveLength(1);
    expect(world.taken).toHaveLength(3);
    expect(world.taken[0]?.details.request['jobDefinition']).toContain('job-definition/flyte-tasks-');
  });

  test('is registered again when it was deregistered', async () => {
    const world = new BatchWorld();
    let refusals = 1;
    const submit: BatchClient['submit'] = async (job) => {
      if (refusals-- > 0)
        throw new AwsRequestError('JobDefinition flyte-tasks:1 is INACTIVE', { from: 'service', status: 400, reason: 'ClientException' });
      return world.client().submit(job);
    };
    await agentOf(world, { submit }).create(task, context());
    expect(world.definitions).toHaveLength(2);
    expect(world.taken).toHaveLength(1);
  });

  test('of the task itself is not registered', async () => {
    const world = new BatchWorld();
    await world.agent().create(toTask({ custom: { jobDefinition: 'mine:3' } }), context());
    expect(world.definitions).toEqual([]);
    expect(world.taken[0]?.details.request['jobDefinition']).toBe('mine:3');
  });
});

test('AB13: a service job is started once by its token, without a look-up', async () => {
  const world = new BatchWorld();
  const custom = { serviceJob: { serviceJobType: 'SAGEMAKER_TRAINING', serviceRequestPayload: '{}' } };
  const ref = await world.agent().create(toTask({ custom }), context());
  expect(await world.agent().create(toTask({ custom }), context())).toEqual(ref);
  expect(world.taken).toHaveLength(1);
  expect(world.calls.search).toBe(0);
  world.start('job-1');
  expect(await world.agent().get(ref, context())).toMatchObject({ phase: 'RUNNING' });
  await world.agent().delete(ref, context());
  expect(world.taken[0]?.state).toBe('cancelled');
});

test('AB2: a priority without a share is left out, with a warning', async () => {
  const world = new BatchWorld();
  await world.agent().create(toTask({ custom: { schedulingPriority: 3 } }), context());
  expect(JSON.stringify(logger.lines)).toContain('schedulingPriority has no effect without shareIdentifier');
});

test('AB7: a delete stops what has not ended, and nothing else', async () => {
  const world = new BatchWorld();
  const agent = world.agent();
  const ref = await agent.create(task, context());
  world.succeed('job-1');
  await agent.delete(ref, context());
  expect(world.calls.cancel).toBe(0);
  await agent.delete({ ...ref, jobId: 'unknown', name: 'unknown' }, context());
  // A job of this id, but not of this name, is not ours.
  const other = await agent.create(toTask({ execution: { name: 'other' } }), context());
  await agent.delete({ ...other, name: 'unknown' }, context());
  expect(world.calls.cancel).toBe(0);
});

test('AB7: a delete stops a job that is not listed yet', async () => {
  const world = new BatchWorld();
  const agent = agentOf(world, { list: async () => [] });
  await agent.delete(await agent.create(task, context()), context());
  expect(world.taken[0]?.state).toBe('cancelled');
});

const forgotten = async (): Promise<never> => {
  throw new AwsRequestError('Job does not exist', { from: 'service', status: 400, reason: 'ClientException' });
};

test('AB7: a job that is forgotten while it is stopped is stopped', async () => {
  const world = new BatchWorld();
  const agent = agentOf(world, { terminate: forgotten });
  await expect(agent.delete(await agent.create(task, context()), context())).resolves.toBeUndefined();
});

test('polls of many jobs are one call', async () => {
  const world = new BatchWorld();
  const agent = world.agent();
  const refs: JobRef[] = [];
  for (const name of ['a', 'b', 'c']) refs.push(await agent.create(toTask({ execution: { name } }), context()));
  world.vanish('job-2');
  const answers = await agent.getMany(refs, context());
  expect(answers).toMatchObject([{ phase: 'WAITING_FOR_RESOURCES' }, { code: 'NOT_FOUND' }, { phase: 'WAITING_FOR_RESOURCES' }]);
  expect(world.described).toEqual([3]);
  expect(refs.map((ref) => agent.pollGroup(ref))).toEqual(Array.from({ length: 3 }, () => 'us-east-2 job'));
});

test('AB6: what the container wrote to error.pb decides, and is told', async () => {
  const world = new BatchWorld();
  const agent = world.agent();
  const ref = await agent.create(task, context());
  world.fail('job-1');
  // flyteidl.core.ErrorDocument{error{code, message, kind: RECOVERABLE}}
  const inner = [0x0a, 4, ...Buffer.from('USER'), 0x12, 7, ...Buffer.from('no rows'), 0x18, 1];
  const read = async (at: unknown): Promise<Uint8Array> => {
    expect(at).toBe(`${task.outputPrefix}/error.pb`);
    return Uint8Array.from([0x0a, inner.length, ...inner]);
  };
  expect(await agent.get(ref, context({ read }))).toMatchObject({
    phase: 'RETRYABLE_FAILED',
    message: expect.stringContaining('[USER] no rows'),
  });
  expect(await agent.get(ref, context())).toMatchObject({ phase: 'RETRYABLE_FAILED', message: expect.stringContaining('exit(1)') });
});

/** What the server may not ask. */
const refused = async (): Promise<never> => {
  throw new AwsRequestError('no', { from: 'service', status: 403, reason: 'AccessDeniedException' });
};

const describedAt = (createdAt: number, statusReason?: string): Partial<BatchClient> => ({
  describe: async (_kind, ids) => ids.map((jobId): Job => ({ jobId, jobName: 'n', status: 'RUNNABLE', createdAt, statusReason })),
});

describe('AB15: a job that is RUNNABLE', () => {
  test('for long is looked for a reason, once for all of its queue', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, describedAt(Date.now() - 11 * 60_000));
    const ref = await agent.create(task, context());
    const answers = await agent.getMany([ref, { ...ref, jobId: 'job-2' }], context());
    for (const answer of answers)
      expect(answer).toMatchObject({
        phase: 'WAITING_FOR_RESOURCES',
        message: expect.stringContaining('stuck: compute environment spot is disabled'),
      });
    expect(world.queueReads).toBe(1);
  });

  test('for a short time is not', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, describedAt(Date.now() - 60_000));
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({ message: expect.stringMatching(/: RUNNABLE$/) });
    expect(world.queueReads).toBe(0);
  });

  test('is looked for a reason as soon as the operator wants it', async () => {
    const world = new BatchWorld();
    const connect = async () => ({ ...world.client(), ...describedAt(Date.now() - 60_000) });
    const agent = new BatchAgent({ connect, stuckAfterMinutes: 0.5 });
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({ message: expect.stringContaining('stuck: ') });
  });

  test('is not when Batch itself says why', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, describedAt(0, 'MISCONFIGURATION'));
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({ message: expect.stringMatching(/: RUNNABLE; MISCONFIGURATION$/) });
    expect(world.queueReads).toBe(0);
  });

  test('waits on without a reason when its queue cannot be looked at', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, { ...describedAt(0), queue: refused });
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({
      phase: 'WAITING_FOR_RESOURCES',
      message: expect.stringMatching(/: RUNNABLE$/),
    });
  });
});

describe('AB9: an array that failed', () => {
  const parent: Job = {
    jobId: 'job-1',
    jobName: 'n',
    status: 'FAILED',
    arrayProperties: { size: 2, statusSummary: { FAILED: 1, SUCCEEDED: 1 } },
  };
  const child = { jobId: 'job-1:1', jobName: 'n', status: 'FAILED', container: { exitCode: 3, logStreamName: 'child-1' } };

  test('tells which of its jobs did, with their logs', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, {
      describe: async (_kind, [id]) => (id === 'job-1' ? [parent] : [child]),
      failedOf: async () => [{ jobId: 'job-1:1', jobName: 'n', arrayProperties: { index: 1 }, container: { exitCode: 3 } }],
    });
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({
      message: expect.stringContaining('2 jobs: 1 FAILED, 1 SUCCEEDED; #1: failed exit(3)'),
      links: [{ name: 'AWS Batch #1', uri: expect.stringContaining('child-1') }],
    });
  });

  test('ends also when they cannot be listed', async () => {
    const world = new BatchWorld();
    const agent = agentOf(world, { describe: async () => [parent], failedOf: refused });
    const ref = await agent.create(task, context());
    expect(await agent.get(ref, context())).toMatchObject({ phase: 'RETRYABLE_FAILED' });
  });
});

const job = (status: string): Job => ({ jobId: 'job-1', jobName: 'n', status, container: { logStreamName: 's' } });

/** The pages of a job's log. */
async function pages(status: string, token = '', lines = 0n, changed: Partial<BatchClient> = {}) {
  const world = new BatchWorld();
  const agent = agentOf(world, { describe: async () => [job(status)], ...changed });
  const ref = await agent.create(task, context());
  return collect(agent.getLogs(ref, { token, lines }, context()));
}

/** A log without an end, of which no more than two lines are given at once. */
const endless: BatchClient['readLog'] = async ({ token = '0', limit = 2 }) => {
  if (limit < 1) throw new AwsRequestError('limit: at least 1', { from: 'service', status: 400 });
  const from = Number(token);
  const events = Array.from({ length: Math.min(limit, 2) }, (_, index) => ({ message: String(from + index) }));
  return { events, nextForwardToken: String(from + events.length) };
};

/** Lines, and nothing about what follows. */
const withoutToken: BatchClient['readLog'] = async () => ({ events: [{ message: 'hello' }] });

describe('AB14, C23: the log', () => {
  test('of a job that runs is read to where it is now, and can be gone on with', async () => {
    expect(await pages('RUNNING')).toMatchObject([
      { lines: [{ message: 'hello\n', originator: 'USER', timestamp: new FlyteDatetime(1n, 0) }], nextToken: 'f/1' },
    ]);
    expect(await pages('RUNNING', 'f/1')).toEqual([]);
  });

  test('is no longer than was asked for', async () => {
    const read = await pages('RUNNING', '', 3n, { readLog: endless });
    expect(read.map(({ lines }) => lines.map(({ message }) => message))).toEqual([['0\n', '1\n'], ['2\n']]);
    expect(read.at(-1)?.nextToken).toBe('3');
  });

  test('that nothing follows has an end, unless its job still runs', async () => {
    const lines = [{ message: 'hello\n', originator: 'USER' }];
    expect(await pages('SUCCEEDED', 'f/1', 0n, { readLog: withoutToken })).toEqual([{ lines }]);
    expect(await pages('RUNNING', 'f/1', 0n, { readLog: withoutToken })).toEqual([{ lines, nextToken: 'f/1' }]);
  });

  test('of a job that has not started is empty', async () => {
    const world = new BatchWorld();
    const ref = await world.agent().create(task, context());
    expect(await collect(world.agent().getLogs(ref, { token: '', lines: 0n }, context()))).toEqual([]);
  });
});

test('C5, R7: a reference that an earlier version stored is still read', async () => {
  const stored = JSON.parse(
    '{"region":"us-east-2","queue":"spot","kind":"job","outputPrefix":"s3://b/n0/data/0","minSuccessRatio":null,"jobId":"job-1","name":"f3a9c1-n0-0123456789abcdef0123456789abcdef"}',
  );
  const world = new BatchWorld();
  const ref = jobRef.parse(stored);
  expect(await world.agent().create(task, context())).toEqual(ref);
  expect(await world.agent().get(ref, context())).toMatchObject({ phase: 'WAITING_FOR_RESOURCES' });
});
