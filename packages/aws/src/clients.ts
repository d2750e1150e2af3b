import { ClientPool, type Secrets } from '@flyte-agents/core';
import { readRole, type AwsAccess } from './access.ts';

/** An agent's clients of AWS: one for each tenant, region and role (C16). */
export class AwsClients<Client> {
  readonly #pool = new ClientPool<Client>();
  readonly #connect: (access: AwsAccess) => Promise<Client>;

  /** @param connect makes a client */
  constructor(connect: (access: AwsAccess) => Promise<Client>) {
    this.#connect = connect;
  }

  /**
   * The client of a tenant: it acts as the role that the tenant's secrets name.
   *
   * @param region `null`: what the SDK finds
   * @throws AgentError UNAUTHENTICATED when they name something else; whatever `connect` throws
   */
  async get(region: string | null, secrets: Secrets): Promise<Client> {
    const { roleArn, externalId } = await readRole(secrets);
    return this.#pool.get({ tenant: secrets.tenant, host: region ?? '', secrets: [roleArn, externalId] }, async () =>
      this.#connect({ region: region ?? undefined, roleArn, externalId }),
    );
  }
}
