import type { EngineCall } from './calls.ts';
import { CallError, type Endpoint, type EndpointOptions } from './endpoint.ts';

/** The engine's process has ended in the middle of something; another goes on from what was stored. */
export class Restarted extends Error {
  override readonly name = 'Restarted';
}

/** The servers behind the engine's one address. */
export class Servers {
  readonly endpoints: readonly Endpoint[];
  #turn = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  /** Asks the server whose turn it is; one that cannot be reached is passed over. @throws CallError */
  async ask<Value>(call: (endpoint: Endpoint) => Promise<Value>): Promise<Value> {
    for (let tries = 1; ; tries++) {
      const endpoint = this.endpoints[this.#turn++ % this.endpoints.length];
      if (endpoint === undefined) throw new CallError('UNAVAILABLE', 'there is no server');
      try {
        return await call(endpoint);
      } catch (error) {
        if (!(error instanceof CallError) || !error.isUnsent || tries >= this.endpoints.length) throw error;
      }
    }
  }
}

/** The calls that the engine makes for one task, on record. They are cut when its process ends. */
export class TaskCalls {
  readonly log: EngineCall[] = [];
  readonly #servers: Servers;
  #process = new AbortController();
  #wake: () => void = () => {};

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  /** The engine's process ends: what is under way throws {@link Restarted}. */
  restart(): void {
    this.#process.abort();
    this.#process = new AbortController();
    this.wake();
  }

  /** Ends a pause. */
  wake(): void {
    this.#wake();
  }

  /** @throws Restarted */
  async pause(ms: number): Promise<void> {
    const { signal } = this.#process;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    if (signal.aborted) throw new Restarted();
  }

  /** One call. @throws CallError, Restarted */
  async send<Value>(
    { method, attempt, timeoutMs }: Pick<EngineCall, 'method' | 'attempt' | 'timeoutMs'>,
    call: (endpoint: Endpoint, options: EndpointOptions) => Promise<Value>,
  ): Promise<Value> {
    const { signal } = this.#process;
    const at = Date.now();
    let address = '';
    const record = (outcome: Pick<EngineCall, 'code' | 'answer' | 'content' | 'reference'>): void =>
      void this.log.push({ method, address, attempt, at, ms: Date.now() - at, timeoutMs, ...outcome });
    try {
      const value = await this.#servers.ask((endpoint) => {
        ({ address } = endpoint);
        return call(endpoint, { timeoutMs, signal });
      });
      record({ code: 'OK', answer: toText(value), content: value, reference: value instanceof Uint8Array ? value : undefined });
      if (!signal.aborted) return value;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      record({ code: error.code, answer: error.message });
      if (!signal.aborted) throw error;
    }
    throw new Restarted();
  }
}

function toText(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  return typeof value === 'object' && value !== null && 'phase' in value ? String(value.phase) : '';
}
