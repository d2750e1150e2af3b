import { mutate } from '../mutate.ts';
import { Random } from '../random.ts';
import { seeds, seedVariable } from '../seeds.ts';
import { mutateField } from './mutate-field.ts';
import { problemOf } from './problem.ts';
import { RawCalls } from './raw-calls.ts';
import { toTargets, type Target, type TargetOptions, type Targets } from './targets.ts';

/** What to send, and where to. */
export interface MutationOptions extends Omit<TargetOptions, 'name'> {
  /** `host:port` */
  readonly address: string;
  /** How many damaged requests. Default 1,000. */
  readonly count?: number | undefined;
  /** Which ones. Default 1. The environment's `FLYTE_AGENTS_SEED` sends a single one again. */
  readonly seed?: number | undefined;
}

/** What was answered. */
export interface MutationSummary {
  readonly requests: number;
  /** How often each gRPC status was answered. */
  readonly codes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

/** The engine's usual deadline, in milliseconds. */
const timeoutMs = 10_000;
/** How many requests are under way at a time. */
const parallel = 64;

/**
 * Sends damaged requests and requests about damaged references to a server, over a socket. Each must be answered in time, as its
 * method may answer; a poll that can be read is never an error.
 *
 * @throws Error that names the seed and the request whose answer was wrong
 */
export async function runMutations({ address, count = 1000, seed = 1, ...options }: MutationOptions): Promise<MutationSummary> {
  const calls = new RawCalls(address);
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const codes: Record<string, number> = {};
  let [requests, slowestMs] = [0, 0];
  try {
    const targets = await toTargets(calls, { ...options, name: `f${seed}` });
    const queue = seeds(seed, count);
    const send = async (): Promise<void> => {
      for (const each of queue) {
        const { target, parts } = toDamaged(targets, new Random(each));
        const answer = await calls.call(target.method, parts, timeoutMs);
        const problem = problemOf(target.method, parts, answer);
        if (problem !== undefined) throw new Error(toText(problem, { target, parts, seed: each }));
        requests++;
        codes[answer.code] = (codes[answer.code] ?? 0) + 1;
        slowestMs = Math.max(slowestMs, answer.ms);
        if (unhandled.length > 0) throw new Error('a rejection that nobody handled', { cause: unhandled[0] });
      }
    };
    await Promise.all(Array.from({ length: parallel }, send));
    return { requests, codes, slowestMs };
  } finally {
    process.off('unhandledRejection', note);
    calls.close();
  }
}

interface Damaged {
  readonly target: Target;
  readonly parts: readonly Uint8Array[];
}

function toDamaged({ targets, references }: Targets, random: Random): Damaged {
  const target = pick(random, targets);
  if (target.about !== undefined && random.chance(0.5)) {
    return { target, parts: [target.about(mutate(pick(random, references), random, pick(random, references)))] };
  }
  const parts = pick(random, target.requests);
  const damaged = random.integer(0, parts.length - 1);
  const other = pick(random, pick(random, target.requests));
  const damage = random.chance(0.5) ? mutate : mutateField;
  return { target, parts: parts.map((part, index) => (index === damaged ? damage(part, random, other) : part)) };
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  const [first, ...others] = values;
  if (first === undefined) throw new TypeError('there is nothing to pick from');
  return random.pick(first, ...others);
}

function toText(problem: string, { target, parts, seed }: Damaged & { readonly seed: number }): string {
  const request = parts.map((part) => Buffer.from(part).toString('base64').slice(0, 20_000)).join('\n');
  return `${target.method.name} was answered ${problem}\n\nThe request, as base64:\n${request}\n\nAgain: ${seedVariable}=${seed}`;
}
