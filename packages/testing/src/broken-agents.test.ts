/** The kit must notice what is wrong: each agent here breaks one promise. */
import { randomUUID } from 'node:crypto';
import {
  AgentError,
  type AgentContext,
  type CreateContext,
  type GetContext,
  type LogLink,
  type PokeResult,
  type Resource,
  type SensorTask,
  type Task,
} from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { FlagSensor, FlagWorld, type FlagConfig } from './__fixtures__/flag-sensor.ts';
import { LookupAgent, LookupWorld, type BatchJob, type BatchRef } from './__fixtures__/lookup-agent.ts';
import { rethrow } from './__fixtures__/service-error.ts';
import { SumAgent, SumWorld } from './__fixtures__/sum-agent.ts';
import { TokenAgent, TokenWorld, type QueryRef } from './__fixtures__/token-agent.ts';
import { conformanceCases, type AgentUnderTest } from './conformance/cases.ts';
import { runSchedules, ScheduleError } from './schedules/run-schedules.ts';
import type { TestTask } from './task.ts';
import type { World } from './world.ts';

type Query = { readonly query: string };

const tokenTask: TestTask = { type: 'token_query', custom: { query: 'select 1' }, outputs: { rows: { kind: 'integer', value: 3n } } };
const lookupTask: TestTask = { type: 'lookup_batch', custom: { queue: 'default' } };
const flagTask: TestTask = { type: 'sensor', custom: { sensor_config: { kind: 'flag', flag: 'green' } } };
const sumTask: TestTask = {
  type: 'sum',
  inputs: { a: { kind: 'integer', value: 1n }, b: { kind: 'integer', value: 2n } },
  outputs: { o0: { kind: 'integer', value: 3n } },
};

function tokenWorld(agent: (world: TokenWorld) => TokenAgent): () => World {
  return () =>
    new (class extends TokenWorld {
      override agent(): TokenAgent {
        return agent(this);
      }
    })();
}

/** Whether a case of this title fails on any path, in virtual time. */
async function fails(title: string, { world, task, guarantee }: AgentUnderTest): Promise<boolean> {
  const cases = conformanceCases({ world, task, guarantee }).filter((each) => each.place === 'virtual' && each.title.startsWith(title));
  for (const { run } of cases) {
    const error: unknown = await run().catch((reason: unknown) => reason);
    if (error !== undefined) return true;
  }
  return false;
}

async function broken(world: () => World, task: TestTask = tokenTask): Promise<ScheduleError> {
  const error: unknown = await runSchedules({ world, task, count: 300, seed: 5 }).catch((reason: unknown) => reason);
  if (error instanceof ScheduleError) return error;
  throw new Error('nothing was noticed', { cause: error });
}

class DoubleSubmitter extends TokenAgent {
  override async create({ config }: Task<Query>): Promise<QueryRef> {
    const { id } = await this.client.submit(randomUUID(), config.query).catch(rethrow('query'));
    return { id };
  }
}

/** Its token is the task's, not the attempt's. */
class Adopter extends TokenAgent {
  override async create({ config, execution }: Task<Query>): Promise<QueryRef> {
    const { id } = await this.client.submit(execution.name, config.query).catch(rethrow('query'));
    return { id };
  }
}

class Forgetful extends TokenAgent {
  readonly #started = new Set<string>();
  override async create(task: Task<Query>, context: CreateContext): Promise<QueryRef> {
    const ref = await super.create(task, context);
    this.#started.add(ref.id);
    return ref;
  }
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    if (this.#started.has(ref.id)) return super.get(ref, context);
    throw new AgentError({ code: 'NOT_FOUND', message: 'never heard of it' });
  }
}

class NeverFinds extends TokenAgent {
  override async find(): Promise<undefined> {}
}

class NeverCancels extends TokenAgent {
  override async delete(): Promise<void> {}
}

class DeletesProducts extends TokenAgent {
  readonly #world: RemovingWorld;
  constructor(world: RemovingWorld) {
    super(world.client());
    this.#world = world;
  }
  override async delete({ id }: QueryRef): Promise<void> {
    await this.#world.drop(id);
  }
}

class RemovingWorld extends TokenWorld {
  override agent(): DeletesProducts {
    return new DeletesProducts(this);
  }
  drop(id: string): Promise<void> {
    return this.call('cancel', () => this.remove(id));
  }
}

class ComplainsOfLateDeletes extends TokenAgent {
  override async delete({ id }: QueryRef, { signal }: AgentContext): Promise<void> {
    const { state } = await this.client.describe(id, signal);
    if (state === 'DONE') throw new Error(`query ${id} is over`);
    await this.client.cancel(id);
  }
}

class BlamesTheUser extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    return super.get(ref, context).catch((error: unknown) => {
      throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'query failed', cause: error });
    });
  }
}

class ThrowsWhileWaiting extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    const resource = await super.get(ref, context);
    if (resource.phase === 'WAITING_FOR_RESOURCES') throw new RangeError('unexpected state');
    return resource;
  }
}

class GoesBack extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    const { state } = await this.client.describe(ref.id, context.signal);
    return state === 'REQUEUED' ? { phase: 'WAITING_FOR_RESOURCES' } : super.get(ref, context);
  }
}

class FailsUnknownStates extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    const { state } = await this.client.describe(ref.id, context.signal);
    return state === 'HIBERNATING' ? { phase: 'FAILED', message: `${ref.id}: ${state}` } : super.get(ref, context);
  }
}

class SaysNothing extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    const { phase, outputs } = await super.get(ref, context);
    return { phase, outputs };
  }
  override links(): readonly LogLink[] {
    return [];
  }
}

class LinksLate extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    const resource = await super.get(ref, context);
    return resource.phase === 'SUCCEEDED' ? { ...resource, links: super.links(ref) } : resource;
  }
  override links(): readonly LogLink[] {
    return [];
  }
}

class KeepsReading extends TokenAgent {
  override async get(ref: QueryRef, context: GetContext): Promise<Resource> {
    return super.get(ref, { ...context, signal: new AbortController().signal });
  }
}

class GivesUpSubmits extends TokenAgent {
  override async create(task: Task<Query>, context: CreateContext): Promise<QueryRef> {
    return super.create(task, context).catch((error: unknown) => {
      throw new AgentError({ code: 'UNAVAILABLE', message: 'submit failed', submitted: 'no', cause: error });
    });
  }
}

type Leak = 'reference' | 'log' | 'message' | 'late message' | 'link' | 'custom info';

class TellsSecrets extends TokenAgent {
  readonly #how: Leak;
  readonly #secret: string;
  #polls = 0;
  constructor(world: TokenWorld, how: Leak) {
    super(world.client());
    this.#how = how;
    this.#secret = world.canaries.make('password');
  }
  override async create(task: Task<Query>, context: CreateContext): Promise<QueryRef> {
    const { id } = await super.create(task, context);
    if (this.#how === 'log') context.logger.info({ url: `https://u:${this.#secret}@queries.example` }, 'submitted');
    return this.#how === 'reference' ? { id: `${id} ${Buffer.from(this.#secret).toString('base64')}` } : { id };
  }
  override async get({ id }: QueryRef, context: GetContext): Promise<Resource> {
    const resource = await super.get({ id: id.split(' ')[0] ?? id }, context);
    if (this.#how === 'message') return { ...resource, message: `key ${this.#secret}` };
    if (this.#how === 'custom info') return { ...resource, customInfo: { url: `https://x.example/?key=${this.#escaped}` } };
    if (this.#how !== 'late message' || resource.phase !== 'WAITING_FOR_RESOURCES') return resource;
    // The engine shows the first answer of a phase only.
    return ++this.#polls > 1 ? { ...resource, message: `key ${this.#secret}` } : resource;
  }
  override links(ref: QueryRef): readonly LogLink[] {
    const [link] = super.links(ref);
    return this.#how === 'link' && link !== undefined ? [{ ...link, uri: `${link.uri}?key=${this.#escaped}` }] : super.links(ref);
  }
  get #escaped(): string {
    return this.#secret.replaceAll(/./g, (letter) => `%${Buffer.from(letter).toString('hex')}`);
  }
}

class LogsTasks extends TokenAgent {
  override async create(task: Task<Query>, context: CreateContext): Promise<QueryRef> {
    context.logger.debug({ environment: task.execution.environment }, 'create');
    return super.create(task, context);
  }
}

class Eager extends FlagSensor {
  override async poke(task: SensorTask<FlagConfig>, context: AgentContext): Promise<PokeResult> {
    return super.poke(task, context).catch(() => ({ met: true }));
  }
}

class Touchy extends FlagSensor {
  override async poke(task: SensorTask<FlagConfig>, context: AgentContext): Promise<PokeResult> {
    return super.poke(task, context).catch((error: unknown) => {
      throw new AgentError({ code: 'UNKNOWN', message: 'no flag', passes: false, cause: error });
    });
  }
}

function flagWorld(sensor: (world: FlagWorld) => FlagSensor): () => World {
  return () =>
    new (class extends FlagWorld {
      override agent(): FlagSensor {
        return sensor(this);
      }
    })();
}

describe('the cases notice', () => {
  test.each<[string, (world: TokenWorld) => TokenAgent, string]>([
    ['an agent that submits a job per create', (world) => new DoubleSubmitter(world.client()), 'R1, C1: a create that two replicas'],
    ['an agent that adopts the job of the attempt before', (world) => new Adopter(world.client()), 'R2, C31: the next attempt cancels'],
    ['an agent that keeps its jobs in memory', (world) => new Forgetful(world.client()), 'R7, C5: replicas that end'],
    [
      'an agent that finds no job by its key',
      (world) => new NeverFinds(world.client()),
      'R2, C2: a submit whose answer never came (lost-after)',
    ],
    ['an agent that cancels nothing', (world) => new NeverCancels(world.client()), 'C4: an aborted task cancels its job'],
    ['an agent whose late deletes fail', (world) => new ComplainsOfLateDeletes(world.client()), 'C4: deletes of a task that succeeded'],
    [
      'an agent that takes faults of the service for the user’s',
      (world) => new BlamesTheUser(world.client()),
      'R3: a service that fails while',
    ],
    ['an agent whose get throws', (world) => new ThrowsWhileWaiting(world.client()), 'R10: a job that waits is waiting'],
    ['an agent that goes back to a phase', (world) => new GoesBack(world.client()), 'R10: a job that waits is waiting'],
    ['an agent that fails in unknown states', (world) => new FailsUnknownStates(world.client()), 'C7: a state that nobody knows'],
    ['an agent whose failures say nothing', (world) => new SaysNothing(world.client()), 'C6, C9: a job that failed'],
    ['an agent whose links come late', (world) => new LinksLate(world.client()), 'R10: the first answer of every phase'],
    ['an agent whose reads ignore the deadline', (world) => new KeepsReading(world.client()), 'R5: a read that nobody waits for'],
    ['an agent that takes every submit for not taken', (world) => new GivesUpSubmits(world.client()), 'R4, C10: a refused submit'],
    ['an agent with a secret in its references', (world) => new TellsSecrets(world, 'reference'), 'R8, C12: no secret'],
    ['an agent with a secret in its logs', (world) => new TellsSecrets(world, 'log'), 'R8, C12: no secret'],
    ['an agent with a secret in its messages', (world) => new TellsSecrets(world, 'message'), 'R8, C12: no secret'],
    ['an agent with a secret in messages that no user sees', (world) => new TellsSecrets(world, 'late message'), 'R8, C9, C12: no secret'],
    ['an agent with a secret in its links', (world) => new TellsSecrets(world, 'link'), 'R8, C12: no secret'],
    ['an agent with a secret in its custom info', (world) => new TellsSecrets(world, 'custom info'), 'R8, C12: no secret'],
    ['an agent that logs its tasks', (world) => new LogsTasks(world.client()), 'R8, C12: the secrets of a task'],
  ])('%s', async (_what, agent, title) => {
    expect(await fails(title, { world: tokenWorld(agent), task: tokenTask })).toBe(true);
  });

  test('an agent that deletes what a finished job has made', async () => {
    expect(await fails('C4: deletes of a task that succeeded', { world: () => new RemovingWorld(), task: tokenTask })).toBe(true);
  });

  test.each<[string, (world: FlagWorld) => FlagSensor, string]>([
    ['takes faults of its service for a yes', (world) => new Eager(world.client()), 'P1, R3, C7: a day with a service'],
    ['takes refusals for a yes', (world) => new Eager(world.client()), 'SE4: a sensor that is refused'],
    [
      'gives up on an answer that it cannot read',
      (world) => new Touchy(world.client()),
      'R3: a service that fails while it is polled (malformed)',
    ],
    ['gives up when its service fails', (world) => new Touchy(world.client()), 'P1, R3, C7: a day with a service'],
  ])('a sensor that %s', async (_what, sensor, title) => {
    expect(await fails(title, { world: flagWorld(sensor), task: flagTask })).toBe(true);
  });

  test("an agent that takes somebody else's job for its own", async () => {
    class Careless extends LookupAgent {
      override async create({ config }: Task<{ readonly queue: string }>, { idempotencyKey, signal }: CreateContext): Promise<BatchRef> {
        const name = `flyte-${idempotencyKey}`;
        const [job = await this.client.submit(config.queue, name, 'flyte-agents')]: readonly BatchJob[] = await this.client.list(
          config.queue,
          name,
          signal,
        );
        return { id: job.id, queue: config.queue };
      }
    }
    class CarelessWorld extends LookupWorld {
      override agent(): LookupAgent {
        return new Careless(this.client());
      }
    }
    const agent = { world: () => new CarelessWorld(), task: lookupTask, guarantee: 'atLeastOnce' } as const;
    expect(await fails("C3: somebody else's job", agent)).toBe(true);
  });

  test('a sync agent whose answer is not the end', async () => {
    class Unfinished extends SumAgent {
      override async do(task: Task<object>, context: CreateContext): Promise<Resource> {
        return { ...(await super.do(task, context)), phase: 'RUNNING' };
      }
    }
    class UnfinishedWorld extends SumWorld {
      override agent(): SumAgent {
        return new Unfinished(this.client());
      }
    }
    expect(await fails('R6, C20: a task runs to its end', { world: () => new UnfinishedWorld(), task: sumTask })).toBe(true);
  });
});

describe('random histories notice', () => {
  test.each<[string, () => World, string]>([
    ['an agent that submits a job per create', tokenWorld((world) => new DoubleSubmitter(world.client())), 'R1'],
    ['an agent that adopts the job of the attempt before', tokenWorld((world) => new Adopter(world.client())), 'C31'],
    ['an agent that keeps its jobs in memory', tokenWorld((world) => new Forgetful(world.client())), 'R10'],
    ['an agent that finds no job by its key', tokenWorld((world) => new NeverFinds(world.client())), 'R2'],
    ['an agent that cancels nothing', tokenWorld((world) => new NeverCancels(world.client())), 'R2'],
    ['an agent whose late deletes fail', tokenWorld((world) => new ComplainsOfLateDeletes(world.client())), 'C4'],
    ['an agent that takes faults of the service for the user’s', tokenWorld((world) => new BlamesTheUser(world.client())), 'R3'],
    ['an agent that deletes what a finished job has made', () => new RemovingWorld(), 'C4'],
    ['an agent with a secret in its references', tokenWorld((world) => new TellsSecrets(world, 'reference')), 'R8'],
  ])('%s', async (_what, world, rule) => {
    const error = await broken(world);
    expect(error.rules).toContain(rule);
    expect(error.schedule.steps.length).toBeLessThanOrEqual(5);
    expect(error.message).toContain(`Again: FLYTE_AGENTS_SEED=${error.seed}`);
  });

  test('a sensor that takes faults of its service for a yes', async () => {
    const error = await broken(
      flagWorld((world) => new Eager(world.client())),
      flagTask,
    );
    expect(error.rules).toContain('R10');
  });

  test('the same again, by its seed', async () => {
    const world = tokenWorld((given) => new DoubleSubmitter(given.client()));
    const first = await broken(world);
    process.env['FLYTE_AGENTS_SEED'] = String(first.seed);
    try {
      // The random tokens of the broken agent are not chance that follows the seed; what happened is.
      expect((await broken(world)).schedule).toEqual(first.schedule);
    } finally {
      delete process.env['FLYTE_AGENTS_SEED'];
    }
  });
});
