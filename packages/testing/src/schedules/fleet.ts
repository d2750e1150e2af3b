import type { Metrics } from '@flyte-agents/core';
import { CallError } from '../engine/endpoint.ts';
import { RecordingLogger } from '../recording-logger.ts';
import { Replica } from '../replica.ts';
import type { World } from '../world.ts';
import type { Model } from './model.ts';

/** What replicas are made of. */
export interface FleetOptions {
  readonly world: World;
  readonly metrics: Metrics;
  readonly model: Model;
  /** How many there are at a time. */
  readonly count: number;
  readonly timeoutMs: number;
  /** Writes the history. */
  readonly say: (text: string) => void;
}

/** The replicas of a history, which come and go, and the calls to them. */
export class Fleet {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly #options: FleetOptions;
  readonly #replicas: Replica[];
  #lives = 0;
  #calls = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#replicas = Array.from({ length: options.count }, () => this.#fresh());
  }

  /** How many calls there were. */
  get calls(): number {
    return this.#calls;
  }

  /** The replica in a place; places go round. */
  at(place: number): Replica {
    const replica = this.#replicas[place % this.#replicas.length];
    if (replica === undefined) throw new TypeError('a fleet has at least one replica');
    return replica;
  }

  /** A fresh replica takes a place. The old one finishes what it has, unless it is killed. */
  replace(place: number): void {
    this.#replicas[place % this.#replicas.length] = this.#fresh();
  }

  /** Follows a call to its end; errors of the caller's own doing are not held against the replica. */
  async follow<Value>(
    { method, replica, signal }: { readonly method: string; readonly replica: Replica; readonly signal?: AbortSignal },
    call: Promise<Value>,
  ): Promise<Value | CallError> {
    const { model, timeoutMs, say } = this.#options;
    this.#calls++;
    const began = Date.now();
    const answer = await call.catch((error: unknown) => {
      if (error instanceof CallError) return error;
      throw error;
    });
    const ms = Date.now() - began;
    say(`  ${method} on ${replica.address}: ${toText(answer)} (${ms} ms)`);
    if (replica.life.isOver) return answer;
    model.took(method, ms, timeoutMs);
    if (answer instanceof CallError && signal?.aborted !== true) model.failed(method, answer.code, answer.message);
    return answer;
  }

  #fresh(): Replica {
    const { world, metrics } = this.#options;
    return new Replica({ world, metrics, logger: this.logger, address: `replica ${++this.#lives}` });
  }
}

function toText(answer: unknown): string {
  if (answer instanceof Uint8Array) return Buffer.from(answer).toString();
  if (answer instanceof CallError) return `${answer.code}: ${answer.message}`;
  if (typeof answer !== 'object' || answer === null || !('phase' in answer)) return 'OK';
  return `${String(answer.phase)}${'message' in answer ? `: ${String(answer.message)}` : ''}`;
}
