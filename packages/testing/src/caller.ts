import { AsyncLocalStorage } from 'node:async_hooks';

/** The calls of the engine, and the server's own doing between them. */
export type EngineMethod = 'create' | 'get' | 'delete' | 'execute';

/** On whose behalf a request reaches a fake service: which call of the engine, on which replica. */
export interface Caller {
  readonly method: EngineMethod;
  /** The attempt that the call is about. */
  readonly attempt: string;
  /** When the call began, in milliseconds since 1970. */
  readonly since: number;
  readonly life: Life;
}

/** Who calls: kept across everything that a call awaits. Only replicas inside this process have one. */
export const callers: AsyncLocalStorage<Caller> = new AsyncLocalStorage();

/** The life of one process of the server: what it has on the wire is lost when it is killed. */
export class Life {
  isOver = false;
  readonly #death = Promise.withResolvers<never>();
  readonly #onWire = new Set<() => void>();

  constructor() {
    // Nobody may be waiting for it.
    this.#death.promise.catch(() => {});
  }

  /** Rejects when it is over. */
  get death(): Promise<never> {
    return this.#death.promise;
  }

  /** A request is on its way; gives what to do when it has arrived. @param take what the service does with it */
  send(take: () => void): () => void {
    this.#onWire.add(take);
    return () => void this.#onWire.delete(take);
  }

  /** Ends it at once. @param isTaken whether the service takes what was on the wire */
  end(reason: Error, isTaken: boolean): void {
    if (this.isOver) return;
    if (isTaken) for (const take of this.#onWire) take();
    this.#onWire.clear();
    this.isOver = true;
    this.#death.reject(reason);
  }
}
