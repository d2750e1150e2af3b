import { ClientPool, type Secrets } from '@flyte-agents/core';
import { baseUrl, connect, type DatabricksClient } from './client.ts';
import type { AuthConfig } from './config.ts';
import { readCredentials, tokenSource } from './credentials.ts';
import { toHost } from './hosts.ts';
import type { DatabricksOptions } from './options.ts';

/** The clients of an agent: one for each tenant, workspace and set of credentials. */
export class Workspaces {
  readonly #options: DatabricksOptions;
  readonly #clients = new ClientPool<DatabricksClient>();

  constructor(options: DatabricksOptions) {
    this.#options = options;
  }

  /**
   * The client of a workspace. Its host is checked here too: references come over the wire.
   *
   * @throws AgentError INVALID_ARGUMENT when tokens may not be sent there, UNAUTHENTICATED when there are no credentials
   */
  async client(host: string, auth: AuthConfig, secrets: Secrets): Promise<DatabricksClient> {
    const checked = toHost(host, this.#options);
    const credentials = await readCredentials(auth, { secrets, options: this.#options });
    const connected = this.#options.connect ?? connect;
    return this.#clients.get({ tenant: secrets.tenant, host: checked, secrets: [JSON.stringify(credentials)] }, async () =>
      connected(
        checked,
        tokenSource(credentials, baseUrl(checked), (token) => secrets.hide(token)),
      ),
    );
  }
}
