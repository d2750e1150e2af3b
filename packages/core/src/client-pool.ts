import { Memory } from './memory.ts';
import { keyedHash } from './secrets.ts';

/** Which client is meant. */
export interface ClientKey {
  /** Whose it is: `context.secrets.tenant`. */
  readonly tenant: string;
  /** What it talks to. */
  readonly host: string;
  /** The secrets that it is made with, just read: with others it is another client. Default: none. */
  readonly secrets?: readonly (string | undefined)[];
}

/**
 * An agent's clients: one for each tenant, host and set of secrets (C16), made once however many calls want it at the same
 * time, and anew when a secret was changed. What was not used for the longest time is dropped, not closed: calls may still be
 * under way on it. A client for this must not need to be closed.
 */
export class ClientPool<Client> {
  readonly #clients: Memory<string, Promise<Client>>;

  /** @param capacity how many clients are kept at most. Default 100 */
  constructor(capacity: number = 100) {
    this.#clients = new Memory(capacity);
  }

  /** @throws whatever `make` throws; the next call makes it anew */
  async get({ tenant, host, secrets = [] }: ClientKey, make: () => Promise<Client>): Promise<Client> {
    // Not the secrets themselves: the pool outlives them.
    const key = keyedHash([tenant, host, secrets]);
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = make();
    this.#clients.set(key, client);
    try {
      return await client;
    } catch (error) {
      if (this.#clients.get(key) === client) this.#clients.delete(key);
      throw error;
    }
  }
}
