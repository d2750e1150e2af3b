import { SyncAgent, type CreateContext, type Resource, type Schema, type Task } from '@flyte-agents/core';
import { z } from 'zod';
import type { Fault } from '../faults.ts';
import { World } from '../world.ts';
import { rethrow, toServiceError, type ServiceError } from './service-error.ts';

/** A service that adds two numbers, once per token. */
export interface SumClient {
  sum(token: string, summands: readonly bigint[], signal: AbortSignal): Promise<bigint>;
}

/** Adds its inputs `a` and `b`. */
export class SumAgent extends SyncAgent<object> {
  readonly name: string = 'Sum Agent';
  readonly taskTypes = [{ name: 'sum' }];
  readonly config: Schema<object> = z.looseObject({});
  override readonly resultsMayBeStored: boolean = true;
  protected readonly client: SumClient;

  constructor(client: SumClient) {
    super();
    this.client = client;
  }

  async do({ inputs }: Task<object>, { idempotencyKey, signal }: CreateContext): Promise<Resource> {
    const summands = ['a', 'b'].map((name) => inputs.integer(name));
    const value = await this.client.sum(idempotencyKey, summands, signal).catch(rethrow('sum'));
    return { phase: 'SUCCEEDED', outputs: { o0: { kind: 'integer', value } } };
  }
}

/** The adding service. */
export class SumWorld extends World<bigint> {
  readonly #apiKey = this.canaries.make('api key');

  agent(): SumAgent {
    return new SumAgent(this.client());
  }

  client(): SumClient {
    return {
      sum: (token, summands, signal) => this.call('submit', () => this.#sum(token, summands), signal),
    };
  }

  #sum(token: string, summands: readonly bigint[]): bigint {
    const total = summands.reduce((sum, summand) => sum + summand, 0n);
    return (this.byKey(token)[0] ?? this.submit(token, total, 'succeeded')).details;
  }

  protected override error(fault: Fault): ServiceError {
    return toServiceError(fault, this.#apiKey);
  }
}

/** An agent whose results are nobody else's business. */
class PrivateSumAgent extends SumAgent {
  override readonly resultsMayBeStored = false;
}

/** The same service behind it. */
export class PrivateSumWorld extends SumWorld {
  override agent(): SumAgent {
    return new PrivateSumAgent(this.client());
  }
}
