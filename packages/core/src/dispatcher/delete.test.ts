import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  denied,
  during,
  EchoAgent,
  failing,
  JobAgent,
  recordingLogger,
  rejection,
  storedRequest,
  unavailable,
} from '../__fixtures__/agents.ts';
import { randomKey } from '../idempotency.ts';
import { encodeReference, type ReferenceContent } from '../ref.ts';
import { AgentRegistry } from '../registry.ts';
import { deleteTask } from './delete.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => vi.useRealTimers());

const job: ReferenceContent = { kind: 'ref', ref: { job: 'j1' } };
const pending: ReferenceContent = { kind: 'pending', where: { region: 'eu' } };

function harness() {
  const agent = new JobAgent();
  const logger = recordingLogger();
  const registry = new AgentRegistry([agent, new EchoAgent()]);
  const key = randomKey();
  const deleteBytes = (reference: Uint8Array, taskType?: string, callerMs?: number) =>
    during((call) => deleteTask(storedRequest(reference, taskType), call, { registry, logger }), callerMs);
  const remove = (
    content: ReferenceContent,
    { taskType = 'job', ageMs = 0, callerMs }: { taskType?: string; ageMs?: number; callerMs?: number } = {},
  ) =>
    deleteBytes(encodeReference({ type: taskType, project: 'p', domain: 'd', key, at: Date.now() - ageMs, content }), taskType, callerMs);
  return { agent, logger, key, deleteBytes, remove };
}

describe('C4: a delete', () => {
  test('cancels the job, for its tenant', async () => {
    const { agent, remove } = harness();
    await remove(job);
    expect(agent.deleted).toMatchObject([{ ref: { job: 'j1' }, context: { project: 'p', domain: 'd', deadline: Date.now() + 9500 } }]);
  });

  test('may come again and again', async () => {
    const { agent, remove } = harness();
    for (let i = 0; i < 3; i++) await remove(job);
    expect(agent.deleted).toHaveLength(3);
  });

  test.each<ReferenceContent>([
    { kind: 'failure', failure: { code: 'INTERNAL', message: 'm', retryable: true } },
    { kind: 'result', result: {} },
  ])('of a carried $kind is OK, whoever serves the type', async (content) => {
    const { agent, remove } = harness();
    await remove(content);
    await remove(content, { taskType: 'echo' });
    await remove(content, { taskType: 'made-up' });
    expect(agent.deleted.length + agent.sought.length).toBe(0);
  });

  test.each([
    ['that is no JSON', new TextEncoder().encode('garbage')],
    ['that Python pickled', Uint8Array.of(0x80, 4)],
    ['of no bytes', new Uint8Array()],
  ])('of a reference %s is OK with one warning', async (_name, reference) => {
    const { agent, deleteBytes, logger } = harness();
    await deleteBytes(reference);
    expect(agent.deleted).toHaveLength(0);
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('nothing is cancelled') }]);
  });

  test('of a job that the agent cannot read is OK with one warning', async () => {
    const { agent, remove, logger } = harness();
    await remove({ kind: 'ref', ref: { id: 5 } });
    expect(agent.deleted).toHaveLength(0);
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
  });

  test('that the service finds senseless is OK with one warning: the engine would repeat it for ever', async () => {
    const { agent, remove, logger } = harness();
    agent.before.delete = failing(badConfig());
    await remove(job);
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('nothing to cancel') }]);
  });

  test.each([
    ['passing', unavailable()],
    ['lasting', denied()],
    ['broken code’s', new TypeError('oops')],
  ])('with a %s fault is UNAVAILABLE: the job may still run', async (_name, error) => {
    const { agent, remove } = harness();
    agent.before.delete = failing(error);
    await expect(remove(job)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test.each(['made-up', 'echo'])('of a task type that no agent cancels here (%s) is UNAVAILABLE', async (taskType) => {
    const { remove } = harness();
    await expect(remove(job, { taskType })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`no agent on this server cancels task type ${taskType}`),
    });
  });

  test('R5: that the service does not confirm in time is UNAVAILABLE', async () => {
    const { agent, remove } = harness();
    agent.before.delete = () => new Promise(() => {});
    const answer = rejection(remove(job, { callerMs: 3000 }));
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Job Agent: the service has not confirmed the cancel yet',
    });
    expect(agent.deleted[0]?.context.signal.aborted).toBe(true);
  });
});

describe('R2: a delete of a pending submit', () => {
  test('finds the job and cancels it', async () => {
    const { agent, key, remove } = harness();
    agent.jobs.set(key, { phase: 'RUNNING' });
    await remove(pending);
    expect(agent.sought).toMatchObject([{ key, where: { region: 'eu' } }]);
    expect(agent.deleted).toMatchObject([{ ref: { job: key } }]);
  });

  test('is UNAVAILABLE as long as the submit may still become a job, and OK then', async () => {
    const { agent, remove } = harness();
    await expect(remove(pending, { ageMs: 119_999 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('the submit is not over yet'),
    });
    await remove(pending, { ageMs: 120_000 });
    expect(agent.deleted).toHaveLength(0);
  });

  test('is UNAVAILABLE when the service cannot be asked', async () => {
    const { agent, remove } = harness();
    agent.before.find = failing(unavailable());
    await expect(remove(pending, { ageMs: 3_600_000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('C6: a delete of a task type that nobody serves is UNAVAILABLE, also with a reference that only its agent could read', async () => {
  const { deleteBytes } = harness();
  const foreign = new TextEncoder().encode('{"job_id":"1","project":"p"}');
  expect(await rejection(deleteBytes(foreign, 'made-up'))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('made-up'),
  });
});
