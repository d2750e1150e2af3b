import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { AgentRegistry } from '../registry.ts';
import type { AgentContext, GetContext, Resource } from '../task.ts';
import { Call } from './call.ts';
import { deleteTask } from './delete.ts';
import { Poller } from './get.ts';

type JobRef = { jobId: string };

class SuccessorAgent extends AsyncAgent<object, JobRef> {
  readonly name = 'Successor Agent';
  readonly taskTypes = [{ name: 'job' }];
  readonly config = z.looseObject({});
  readonly ref = z.object({ jobId: z.string() });
  override readonly legacyRef = z.object({ job_id: z.string() }).transform(({ job_id }) => ({ jobId: job_id }));
  readonly polled: { ref: JobRef; context: GetContext }[] = [];
  readonly deleted: { ref: JobRef; context: AgentContext }[] = [];
  create = async (): Promise<JobRef> => ({ jobId: '1' });
  get = async (ref: JobRef, context: GetContext): Promise<Resource> => {
    this.polled.push({ ref, context });
    if (ref.jobId === 'gone') throw new AgentError({ code: 'NOT_FOUND', message: 'no such job' });
    return { phase: 'RUNNING' };
  };
  delete = async (ref: JobRef, context: AgentContext): Promise<void> => {
    this.deleted.push({ ref, context });
  };
  find = async (): Promise<undefined> => undefined;
  locate = (): object & Record<string, never> => ({});
}

afterEach(() => vi.useRealTimers());

const logger = createLogger({ level: 'silent' });

function harness() {
  const agent = new SuccessorAgent();
  const registry = new AgentRegistry([agent]);
  return { agent, registry, poller: new Poller({ registry, logger, unreachableAfterMs: 3_600_000 }) };
}

function stored(reference: object) {
  return { taskType: 'job', outputPrefix: '', reference: new TextEncoder().encode(JSON.stringify(reference)) };
}

async function during<Value>(work: (call: Call) => Promise<Value>): Promise<Value> {
  const call = new Call();
  try {
    return await work(call);
  } finally {
    call.end();
  }
}

test('a job that a Python agent started goes on, with the default credentials', async () => {
  const { agent, poller } = harness();
  const { resource, fault } = await during((call) => poller.get(stored({ job_id: 'job-1' }), call));
  expect(resource.phase).toBe('RUNNING');
  expect(fault).toBeUndefined();
  expect(agent.polled).toMatchObject([{ ref: { jobId: 'job-1' }, context: { project: '', domain: '', createdAt: 0 } }]);
});

test('a job that a Python agent started and that is gone is lost, not merely young', async () => {
  vi.useFakeTimers();
  const { agent, poller } = harness();
  const answer = during((call) => poller.get(stored({ job_id: 'gone' }), call));
  await vi.advanceTimersByTimeAsync(500);
  const { resource } = await answer;
  expect(resource).toMatchObject({ phase: 'RETRYABLE_FAILED', message: expect.stringContaining('job lost') });
  expect(agent.polled).toHaveLength(2);
});

test('a job that a Python agent started is cancelled', async () => {
  const { agent, registry } = harness();
  await during((call) => deleteTask(stored({ job_id: 'job-1' }), call, { registry, logger }));
  expect(agent.deleted).toMatchObject([{ ref: { jobId: 'job-1' }, context: { project: '', domain: '' } }]);
});

test('a Python reference that lacks its job fails the task and cancels nothing', async () => {
  const { agent, poller, registry } = harness();
  const { resource } = await during((call) => poller.get(stored({ project: 'p' }), call));
  expect(resource).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('job_id') });
  await during((call) => deleteTask(stored({ project: 'p' }), call, { registry, logger }));
  expect(agent.deleted).toEqual([]);
});
