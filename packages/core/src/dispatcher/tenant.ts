import { createFetch, type CheckedFetch } from '../http/fetch.ts';
import { SecretSource, type Tenant } from '../secrets.ts';
import type { ReadableStore } from '../store/service.ts';
import { noStore } from '../store/store.ts';
import type { AgentContext } from '../task.ts';

/** What a server lets its agents use. */
export interface Provisions {
  /** Default: this process's environment, and the files that it names. */
  readonly secrets?: SecretSource | undefined;
  /** What may be read of other objects and files. Default: nothing. */
  readonly store?: ReadableStore | undefined;
  /** Default: from public addresses only. */
  readonly fetch?: CheckedFetch | undefined;
}

/** What agents are told of those on whose behalf they are called, and given for them. */
export class Tenants {
  readonly #secrets: SecretSource;
  readonly #store: ReadableStore;
  readonly #fetch: CheckedFetch;

  constructor({ secrets = new SecretSource(), store = noStore, fetch = createFetch() }: Provisions = {}) {
    this.#secrets = secrets;
    this.#store = store;
    this.#fetch = fetch;
  }

  /** What is the tenant's in a context. Secrets that came with the call are there to be asked for by name only. */
  context(tenant: Tenant): Pick<AgentContext, 'project' | 'domain' | 'secrets' | 'connection' | 'store' | 'fetch'> {
    const { project, domain, connection } = tenant;
    const configs = connection && { configs: connection.configs };
    return { project, domain, secrets: this.#secrets.of(tenant), connection: configs, store: this.#store, fetch: this.#fetch };
  }
}
