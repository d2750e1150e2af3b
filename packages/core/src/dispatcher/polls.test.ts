import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { SecretSource, type Tenant } from '../secrets.ts';
import type { GetContext, Resource } from '../task.ts';
import { Circuits } from './circuit.ts';
import { Polls } from './polls.ts';
import { Tenants } from './tenant.ts';
import { BatchAgent, GatedAgent } from '../__fixtures__/polled.ts';

const tenants = new Tenants({ secrets: new SecretSource({}) });
let polls: Polls;
beforeEach(() => {
  vi.useFakeTimers();
  polls = new Polls(new Circuits());
});
afterEach(() => vi.useRealTimers());

type ContextChanges = Partial<Tenant> & { readonly signal?: AbortSignal };

function context({ signal = new AbortController().signal, ...tenant }: ContextChanges = {}): GetContext {
  return {
    signal,
    deadline: Date.now() + 10_000,
    ...tenants.context({ project: 'p', domain: 'd', ...tenant }),
    logger: createLogger({ level: 'silent' }),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key for a test
    idempotencyKey: '0'.repeat(32) as GetContext['idempotencyKey'],
    createdAt: 0,
    outputPrefix: '',
  };
}

test('C33: equal polls that cross ask the service once', async () => {
  const agent = new GatedAgent();
  const both = [polls.get(agent, { job: 'a' }, context()), polls.get(agent, { job: 'a' }, context())];
  agent.open({ phase: 'RUNNING' });
  expect(await Promise.all(both)).toEqual([{ phase: 'RUNNING' }, { phase: 'RUNNING' }]);
  expect(agent.gets).toBe(1);
});

test('C33: a poll after the answer asks again', async () => {
  const agent = new GatedAgent();
  agent.open({ phase: 'RUNNING' });
  await polls.get(agent, { job: 'a' }, context());
  await polls.get(agent, { job: 'a' }, context());
  expect(agent.gets).toBe(2);
});

test.each([
  ['another project', { project: 'q' }],
  ['another domain', { domain: 'e' }],
  ['another connection', { connection: { secrets: { token: 'b' }, configs: {} } }],
  ['another setting of the connection', { connection: { secrets: {}, configs: { role: 'b' } } }],
])('R8, C13: %s is never answered with somebody else’s credentials', async (_what, other) => {
  const agent = new GatedAgent();
  agent.open({ phase: 'RUNNING' });
  await Promise.all([polls.get(agent, { job: 'a' }, context()), polls.get(agent, { job: 'a' }, context(other))]);
  expect(agent.gets).toBe(2);
});

test('a shared poll ends when everybody who waits is gone, and not before', async () => {
  const agent = new GatedAgent();
  const [first, second] = [new AbortController(), new AbortController()];
  const both = [
    polls.get(agent, { job: 'a' }, context({ signal: first.signal })),
    polls.get(agent, { job: 'a' }, context({ signal: second.signal })),
  ];
  first.abort();
  expect(agent.signals.map(({ aborted }) => aborted)).toEqual([false]);
  second.abort();
  expect(agent.signals.map(({ aborted }) => aborted)).toEqual([true]);
  agent.open({ phase: 'RUNNING' });
  await Promise.all(both);
});

test('a poll that comes when everybody else is gone begins anew', async () => {
  const agent = new GatedAgent();
  const gone = new AbortController();
  const lost = polls.get(agent, { job: 'a' }, context({ signal: gone.signal }));
  gone.abort();
  const fresh = polls.get(agent, { job: 'a' }, context());
  expect(agent.gets).toBe(2);
  agent.open({ phase: 'RUNNING' });
  await Promise.all([lost, fresh]);
});

async function gather(answers: readonly Promise<Resource>[]): Promise<PromiseSettledResult<Resource>[]> {
  const settled = Promise.allSettled(answers);
  await vi.advanceTimersByTimeAsync(5);
  return settled;
}

test('C33: polls of one group within 5 ms become one call', async () => {
  const agent = new BatchAgent();
  const answers = await gather(['a', 'b', 'c', 'a'].map((job) => polls.get(agent, { job }, context())));
  expect(agent.calls).toEqual([['a', 'b', 'c']]);
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
});

test('C33: a call holds no more jobs than the service takes', async () => {
  const agent = new BatchAgent(2);
  await gather(['a', 'b', 'c', 'd', 'e'].map((job) => polls.get(agent, { job }, context())));
  expect(agent.calls).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('R8: groups and tenants have calls of their own', async () => {
  const agent = new BatchAgent();
  await gather([
    polls.get(agent, { job: 'a' }, context()),
    polls.get(agent, { job: 'b' }, context({ project: 'q' })),
    polls.get(agent, { job: 'c', account: 'other' }, context()),
  ]);
  expect(agent.calls.flat()).toEqual(['a', 'b', 'c']);
  expect(agent.calls).toHaveLength(3);
});

test('R8: tenants whose names read the same one after the other are still two', async () => {
  const agent = new BatchAgent();
  await gather([
    polls.get(agent, { job: 'a' }, context({ project: 'p\nq', domain: 'd' })),
    polls.get(agent, { job: 'b' }, context({ project: 'p', domain: 'q\nd' })),
  ]);
  expect(agent.calls).toEqual([['a'], ['b']]);
});

test('one job’s error is not the others’', async () => {
  const agent = new BatchAgent();
  agent.lost.add('b');
  const [a, b] = await gather(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(a).toMatchObject({ status: 'fulfilled', value: { phase: 'RUNNING' } });
  expect(b?.status === 'rejected' && AgentError.is(b.reason) && b.reason.code).toBe('NOT_FOUND');
});

test('a call that fails fails all of its polls', async () => {
  const agent = new BatchAgent();
  agent.error = new AgentError({ code: 'UNAVAILABLE', message: 'down' });
  const answers = await gather(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'rejected']);
});

test('an answer with too few jobs is an error of those that are missing', async () => {
  const agent = new BatchAgent();
  agent.forgets = 1;
  const [, b] = await gather(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(b).toMatchObject({ status: 'rejected' });
});
