import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { SecretSource, type Tenant } from '../secrets.ts';
import type { GetContext } from '../task.ts';
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

test('C33: polls of one group that come together become one call', async () => {
  const agent = new BatchAgent();
  const answers = await Promise.allSettled(['a', 'b', 'c', 'a'].map((job) => polls.get(agent, { job }, context())));
  expect(agent.calls).toEqual([['a', 'b', 'c']]);
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
});

test('C33: a call holds no more jobs than the service takes', async () => {
  const agent = new BatchAgent(2);
  await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((job) => polls.get(agent, { job }, context())));
  expect(agent.calls).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('R8: groups and tenants have calls of their own', async () => {
  const agent = new BatchAgent();
  await Promise.allSettled([
    polls.get(agent, { job: 'a' }, context()),
    polls.get(agent, { job: 'b' }, context({ project: 'q' })),
    polls.get(agent, { job: 'c', account: 'other' }, context()),
  ]);
  expect(agent.calls.flat()).toEqual(['a', 'b', 'c']);
  expect(agent.calls).toHaveLength(3);
});

test('R8: tenants whose names read the same one after the other are still two', async () => {
  const agent = new BatchAgent();
  await Promise.allSettled([
    polls.get(agent, { job: 'a' }, context({ project: 'p\nq', domain: 'd' })),
    polls.get(agent, { job: 'b' }, context({ project: 'p', domain: 'q\nd' })),
  ]);
  expect(agent.calls).toEqual([['a'], ['b']]);
});

test('one job’s error is not the others’', async () => {
  const agent = new BatchAgent();
  agent.lost.add('b');
  const [a, b] = await Promise.allSettled(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(a).toMatchObject({ status: 'fulfilled', value: { phase: 'RUNNING' } });
  expect(b?.status === 'rejected' && AgentError.is(b.reason) && b.reason.code).toBe('NOT_FOUND');
});

test('a call that fails fails all of its polls', async () => {
  const agent = new BatchAgent();
  agent.error = new AgentError({ code: 'UNAVAILABLE', message: 'down' });
  const answers = await Promise.allSettled(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'rejected']);
});

test('an answer with too few jobs is an error of those that are missing', async () => {
  const agent = new BatchAgent();
  agent.forgets = 1;
  const [, b] = await Promise.allSettled(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(b).toMatchObject({ status: 'rejected' });
});

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('C33: while a call of a group is under way', () => {
  let agent: BatchAgent;
  beforeEach(() => {
    agent = new BatchAgent(3);
    agent.isHeld = true;
  });

  /** A poll that has come, and may be under way. */
  async function ask(job: string, changes?: ContextChanges): Promise<{ readonly answer: Promise<string> }> {
    const answer = polls.get(agent, { job }, context(changes)).then(
      ({ phase }) => phase,
      (error: unknown) => (AgentError.is(error) ? error.code : 'gone'),
    );
    await settled();
    return { answer };
  }

  test('others gather, until they fill one or it ends', async () => {
    for (const job of ['a', 'b', 'c']) await ask(job);
    expect(agent.calls).toEqual([['a']]);
    await ask('d');
    await ask('e');
    expect(agent.calls).toEqual([['a'], ['b', 'c', 'd']]);
    agent.held[0]?.resolve();
    await settled();
    expect(agent.calls).toHaveLength(2);
    agent.held[1]?.resolve();
    await settled();
    expect(agent.calls).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  test('at most ten are', async () => {
    for (let job = 0; job < 60; job++) await ask(String(job));
    expect(agent.calls).toHaveLength(10);
    agent.held[5]?.resolve();
    await settled();
    expect(agent.calls).toHaveLength(11);
  });

  test('it holds the others back for a second at most, as long as polls come', async () => {
    await ask('a');
    await ask('b');
    await vi.advanceTimersByTimeAsync(1001);
    await ask('c');
    expect(agent.calls).toEqual([['a'], ['b', 'c']]);
  });

  test('an equal poll is answered by it', async () => {
    const [one, other] = [await ask('a'), await ask('a')];
    agent.held[0]?.resolve();
    expect(await Promise.all([one.answer, other.answer])).toEqual(['RUNNING', 'RUNNING']);
    expect(agent.calls).toEqual([['a']]);
  });

  test('it may take as long as the most patient of its callers waits', async () => {
    await ask('a');
    await ask('b');
    await vi.advanceTimersByTimeAsync(500);
    await ask('b');
    agent.held[0]?.resolve();
    await settled();
    expect(agent.contexts[1]?.deadline).toBe(Date.now() + 10_000);
  });

  test('who has gone is not asked for, and a call of which everybody has gone ends and leaves its place', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const a = await ask('a', { signal: first.signal });
    await ask('a', { signal: second.signal });
    const late = await ask('b', { signal: first.signal });
    const other = await ask('c');
    first.abort();
    expect(agent.contexts[0]?.signal.aborted).toBe(false);
    second.abort();
    await settled();
    expect(agent.contexts[0]?.signal.aborted).toBe(true);
    expect([await a.answer, await late.answer]).toEqual(['gone', 'gone']);
    expect(agent.calls).toEqual([['a'], ['c']]);
    agent.held[1]?.resolve();
    expect(await other.answer).toBe('RUNNING');
  });

  test('a poll for what everybody else gave up begins anew', async () => {
    const gone = new AbortController();
    await ask('a', { signal: gone.signal });
    gone.abort();
    await ask('a');
    expect(agent.calls).toEqual([['a'], ['a']]);
  });

  test('that fails, the next ones are asked all the same', async () => {
    agent.error = new AgentError({ code: 'UNAVAILABLE', message: 'down' });
    const [a, b] = [await ask('a'), await ask('b')];
    for (const index of [0, 1]) {
      agent.held[index]?.resolve();
      await settled();
    }
    expect([await a.answer, await b.answer]).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(agent.calls).toEqual([['a'], ['b']]);
  });
});

describe('C33: where a call about many jobs costs the same as about one', () => {
  const everyMs = 30_000;
  let agent: BatchAgent;
  beforeEach(() => {
    agent = new BatchAgent(3, true);
  });

  async function phaseOf(job: string): Promise<string> {
    return (await polls.get(agent, { job }, context())).phase;
  }

  /** Every job is polled in its turn, evenly over the time. */
  async function round(jobs: readonly string[]): Promise<void> {
    for (const job of jobs) {
      await phaseOf(job);
      await vi.advanceTimersByTimeAsync(everyMs / jobs.length);
    }
    agent.calls.length = 0;
  }

  test('jobs that will be polled next are asked for with the one that is, and their polls are answered by it', async () => {
    await round(['a', 'b', 'c', 'd']);
    await round(['a', 'b', 'c', 'd']);
    await vi.advanceTimersByTimeAsync(20_000);
    // Their polls are overdue.
    expect([await phaseOf('a'), agent.calls]).toEqual(['RUNNING', [['a', 'b', 'c']]]);
    agent.over.add('b').add('c').add('d');
    await vi.advanceTimersByTimeAsync(3999);
    expect([await phaseOf('b'), await phaseOf('c'), agent.calls.length]).toEqual(['RUNNING', 'RUNNING', 1]);
    expect([await phaseOf('d'), agent.calls.length]).toEqual(['SUCCEEDED', 2]);
  });

  test('ten thousand jobs cost at most 110 calls in a round, though no poll waits for another', async () => {
    agent = new BatchAgent(100, true);
    const jobs = Array.from({ length: 10_000 }, (_, index) => `job-${index}`);
    for (const _ of [1, 2]) await round(jobs);
    for (const job of jobs) {
      await phaseOf(job);
      await vi.advanceTimersByTimeAsync(everyMs / jobs.length);
    }
    expect(agent.calls.length).toBeLessThanOrEqual(110);
  });

  test('an answer is given once, and not when it is older than the engine’s shortest pause', async () => {
    await round(['a', 'b']);
    await round(['a', 'b']);
    expect([await phaseOf('a'), await phaseOf('a'), agent.calls]).toEqual(['RUNNING', 'RUNNING', [['a'], ['a']]]);
    await vi.advanceTimersByTimeAsync(12_000);
    await phaseOf('a');
    expect(agent.calls.at(-1)).toEqual(['a', 'b']);
    agent.over.add('b');
    await vi.advanceTimersByTimeAsync(4000);
    expect([await phaseOf('b'), agent.calls.at(-1)]).toEqual(['SUCCEEDED', ['b']]);
  });

  test('what is over, and what is polled no more, is not asked for', async () => {
    const jobs = ['a', 'b', 'c'];
    await round(jobs);
    await round(jobs);
    agent.over.add('b');
    expect([await phaseOf('b'), agent.calls]).toEqual(['SUCCEEDED', [['b', 'a']]]);
    await vi.advanceTimersByTimeAsync(60_000);
    await phaseOf('d');
    expect(agent.calls.at(-1)).toEqual(['d']);
  });

  test('a poll that comes while its job is asked for ahead is asked for itself, and the older answer is not told after it', async () => {
    await round(['a', 'b']);
    await round(['a', 'b']);
    await vi.advanceTimersByTimeAsync(12_000);
    agent.isHeld = true;
    agent.held.length = 0;
    const first = phaseOf('a');
    await settled();
    expect(agent.calls).toEqual([['a', 'b']]);
    const second = phaseOf('b');
    await vi.advanceTimersByTimeAsync(1001);
    const third = phaseOf('c');
    await settled();
    expect(agent.calls.at(-1)).toEqual(['b', 'c']);
    agent.over.add('b');
    for (const { resolve } of agent.held) resolve();
    expect(await Promise.all([first, second, third])).toEqual(['RUNNING', 'SUCCEEDED', 'RUNNING']);
    agent.isHeld = false;
    expect([await phaseOf('b'), agent.calls.at(-1)]).toEqual(['SUCCEEDED', ['b']]);
  });

  test('an error is not told ahead', async () => {
    await round(['a', 'b']);
    await round(['a', 'b']);
    await vi.advanceTimersByTimeAsync(12_000);
    agent.lost.add('b');
    await phaseOf('a');
    agent.lost.clear();
    expect([await phaseOf('b'), agent.calls]).toEqual(['RUNNING', [['a', 'b'], ['b']]]);
  });
});

test('C15: a service that cannot say anything of any job gets a rest; one that does not know some does not', async () => {
  const agent = new BatchAgent();
  for (let round = 0; round < 30; round++) {
    agent.lost.add(`lost ${round}`);
    await Promise.allSettled([polls.get(agent, { job: `lost ${round}` }, context())]);
  }
  expect(agent.calls).toHaveLength(30);
  agent.fault = new AgentError({ code: 'UNAVAILABLE', message: 'down' });
  for (let round = 0; round < 30; round++) await Promise.allSettled(['a', 'b'].map((job) => polls.get(agent, { job }, context())));
  expect(agent.calls).toHaveLength(40);
});
