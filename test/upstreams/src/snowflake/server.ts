import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { generateKeyPairSync } from 'node:crypto';
import { SnowflakeApi } from './api.ts';
import { Database } from './database.ts';
import type { Pace, Statement } from './statement.ts';

/** Snowflake on a loopback socket; its SQL runs on DuckDB, in this process. */
export interface SnowflakeServer {
  readonly endpoint: string;
  /** Leads our agent to it, with a key of its own. A type, not an interface: it is spread into `env`. */
  readonly environment: { readonly FLYTE_SNOWFLAKE_URL: string; readonly _FSEC_SNOWFLAKE_PRIVATE_KEY: string };
  /** Every statement, oldest first. */
  readonly statements: readonly Statement[];
  /** Runs a statement at once, such as one that makes a table. */
  execute(sql: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the server. Statements wait, run their SQL for real, and are done; request ids count once; cancels interrupt; what fails
 * says why. Of SQL it knows what DuckDB knows and `database.ts` translates.
 */
export async function startSnowflake({ pendingMs = 100, runningMs = 100 }: Partial<Pace> = {}): Promise<SnowflakeServer> {
  const server = new EmbeddedSnowflake(await Database.create(), { pendingMs, runningMs });
  await server.listen();
  return server;
}

class EmbeddedSnowflake implements SnowflakeServer {
  readonly #database: Database;
  readonly #api: SnowflakeApi;
  readonly #running: Promise<void>[] = [];
  readonly #privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  readonly #server: Server = createServer((request, response) => {
    // Who goes away in the middle of a request leaves nobody to answer.
    this.#serve(request, response).catch(() => response.destroy());
  });

  constructor(database: Database, pace: Pace) {
    this.#database = database;
    this.#api = new SnowflakeApi((statement) => this.#running.push(statement.run(database, pace)));
  }

  get statements(): readonly Statement[] {
    return this.#api.statements;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The Snowflake server has been stopped');
    return `http://127.0.0.1:${address.port}`;
  }

  get environment(): { readonly FLYTE_SNOWFLAKE_URL: string; readonly _FSEC_SNOWFLAKE_PRIVATE_KEY: string } {
    return { FLYTE_SNOWFLAKE_URL: this.endpoint, _FSEC_SNOWFLAKE_PRIVATE_KEY: this.#privateKey };
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
  }

  async execute(sql: string): Promise<void> {
    const { result } = await this.#database.start(sql);
    await result;
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    for (const statement of this.statements) statement.cancel();
    await Promise.all([promise, ...this.#running]);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const { status = 200, body } = this.#api.answer({ method, path, headers, body: await text(incoming) });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
