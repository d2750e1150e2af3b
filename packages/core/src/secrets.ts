import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from './errors.ts';
import { Memory } from './memory.ts';
import { hide } from './redact.ts';

/** Which secret is asked for. */
export interface SecretName {
  /** Its name as a key: `FLYTE_OPENAI_API_KEY`. Letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** Under which argument Flyte 2 sends its value: `openai_api_key`. Default: under none. */
  readonly argument?: string | undefined;
  /**
   * Whose word the name is. One out of a task's config finds only what was put there for agents, never a variable that happens
   * to have that name. Default `agent`: it is a constant in the agent's code.
   */
  readonly namedBy?: 'agent' | 'task' | undefined;
  /** Whether the value may be shown: a host or an account that is only kept with the secrets. Default false: it is hidden in all that the server says. */
  readonly isPublic?: boolean | undefined;
}

/** The secrets that one call may use: those of its tenant. Ask at the moment of use: they change while the server runs. */
export interface Secrets {
  /** Project, domain and what came with the call, as one text: part of the key of everything that is kept for a tenant. Tells no secret. */
  readonly tenant: string;

  /**
   * A secret's value without white space around it, `undefined` if there is none.
   *
   * @throws AgentError UNAUTHENTICATED when it is there and cannot be read, INVALID_ARGUMENT when the name is none
   */
  read(secret: SecretName): Promise<string | undefined>;

  /** The same for one that must be there. @throws AgentError also UNAUTHENTICATED when it is not, with the places that were looked at */
  require(secret: SecretName): Promise<string>;

  /** Where a secret that must be there is, for people: `variable FLYTE_OPENAI_API_KEY`. @throws AgentError as {@link require} */
  where(secret: SecretName): Promise<string>;

  /** Hides a value in all that the server says: what was made of a secret, such as an access token, or a part of one. */
  hide(value: string): void;
}

/** What Flyte 2 sends with a call out of the task's `custom`: secrets by argument, looked up by the engine, and plain settings. */
export interface Connection {
  readonly secrets: Readonly<Record<string, string>>;
  readonly configs: Readonly<Record<string, string>>;
}

/** On whose behalf a call is made. */
export interface Tenant {
  readonly project: string;
  readonly domain: string;
  readonly connection?: Connection | undefined;
}

/** A place where a secret may be. */
interface Place {
  /** For people: `file /etc/secrets/flyte_openai_api_key`. */
  readonly name: string;
  readonly read: () => Promise<string | undefined> | string | undefined;
}

/** A secret, and the name of the place where it was. */
interface Found {
  readonly value: string;
  readonly place: string;
}

/** A key, or a folder's name: nothing that leads elsewhere. */
const plainName = /^\w[\w.-]{0,252}$/;
/** More than any credential has, in bytes. */
const largestSecret = 64 * 1024;
/** For how long a file is taken to be as it was, in milliseconds. */
const freshMs = 1000;
const rememberedFiles = 1000;
/** Who knows it can find out which secrets are the same. */
const processKey = randomBytes(32);

/**
 * Where the server's secrets are: in environment variables and files named as with the Python servers, and in folders of files
 * for projects and domains. A file is read anew a second after it was read, so that a rotation needs no restart.
 */
export class SecretSource {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #variablePrefix: string;
  readonly #folder: string | undefined;
  readonly #filePrefix: string;
  readonly #files = new Memory<string, { readonly until: number; readonly text: Promise<string | undefined> }>(rememberedFiles);

  /** @param environment default: this process's */
  /**
   * @param environment the variables. Default: the process's own
   * @param options.files whether secrets may be in files too. Default: yes
   */
  constructor(
    environment: Readonly<Record<string, string | undefined>> = process.env,
    { files = true }: { readonly files?: boolean | undefined } = {},
  ) {
    this.#environment = environment;
    this.#variablePrefix = environment['FLYTE_SECRETS_ENV_PREFIX'] ?? '_FSEC_';
    this.#folder = files ? environment['FLYTE_SECRETS_DEFAULT_DIR'] || '/etc/secrets' : undefined;
    this.#filePrefix = environment['FLYTE_SECRETS_FILE_PREFIX'] ?? '';
  }

  /** What a tenant's calls may use. */
  of(tenant: Tenant): Secrets {
    const { project, domain, connection } = tenant;
    return {
      tenant: JSON.stringify([project, domain, connectionHash(connection)]),
      read: async (secret) => (await find(this.#places(secret, tenant), secret))?.value,
      require: async (secret) => (await this.#required(secret, tenant)).value,
      where: async (secret) => (await this.#required(secret, tenant)).place,
      hide,
    };
  }

  async #required(secret: SecretName, tenant: Tenant): Promise<Found> {
    const places = this.#places(secret, tenant);
    const found = await find(places, secret);
    if (found !== undefined) return found;
    const sought = places.map(({ name }) => name).join(', ');
    throw missing(secret, `looked for ${sought}, in this order (set one of them where the server runs)`);
  }

  /** Where a secret may be, in order. @throws AgentError INVALID_ARGUMENT when the name is none */
  #places({ name, argument, namedBy = 'agent' }: SecretName, { project, domain, connection }: Tenant): readonly Place[] {
    if (!plainName.test(name)) {
      const message = `${JSON.stringify(name.slice(0, 100))} cannot be the name of a secret: names are letters, digits, _, - and .`;
      throw new AgentError({ code: 'INVALID_ARGUMENT', message });
    }
    const fileName = `${this.#filePrefix}${name.toLowerCase()}`;
    const prefixed = `${this.#variablePrefix}${name.toUpperCase()}`;
    const bare = name.toUpperCase();
    // Without a prefix, variables for agents cannot be told from others.
    const variables = namedBy === 'agent' ? new Set([prefixed, bare]) : new Set(prefixed === bare ? [] : [prefixed]);
    const isInDomain = plainName.test(domain);
    return [
      ...(connection === undefined || argument === undefined ? [] : [ofConnection(connection, argument)]),
      ...(isInDomain && plainName.test(project) ? this.#file('projects', project, domain, fileName) : []),
      ...(isInDomain ? this.#file('domains', domain, fileName) : []),
      ...[...variables].map((variable): Place => ({ name: `variable ${variable}`, read: () => this.#environment[variable] })),
      ...this.#file(fileName),
    ];
  }

  #file(...segments: readonly string[]): readonly Place[] {
    if (this.#folder === undefined) return [];
    const path = join(this.#folder, ...segments);
    return [{ name: `file ${path}`, read: () => this.#text(path) }];
  }

  #text(path: string): Promise<string | undefined> {
    const now = performance.now();
    const known = this.#files.get(path);
    if (known !== undefined && now < known.until) return known.text;
    const text = textOf(path);
    this.#files.set(path, { until: now + freshMs, text });
    return text;
  }
}

/** A hash that means nothing outside of this process: tells secrets apart without keeping them. */
export function keyedHash(value: unknown): string {
  return createHmac('sha256', processKey).update(JSON.stringify(value)).digest('base64url');
}

/** The first value that there is. A place that cannot be read is the end: what is meant for one tenant is not replaced by what is there for all. */
async function find(places: readonly Place[], secret: SecretName): Promise<Found | undefined> {
  for (const place of places) {
    const value = (await valueOf(place, secret))?.trim();
    if (value === undefined || value === '') continue;
    if (Buffer.byteLength(value) > largestSecret) throw missing(secret, `${place.name} has more than ${largestSecret} bytes`);
    if (secret.isPublic !== true) hide(value);
    return { value, place: place.name };
  }
  return undefined;
}

async function valueOf(place: Place, secret: SecretName): Promise<string | undefined> {
  try {
    return await place.read();
  } catch (error) {
    throw missing(secret, `${place.name} cannot be read: ${reasonOf(error)}`, error);
  }
}

function ofConnection({ secrets }: Connection, argument: string): Place {
  return { name: `${argument} in the task's secrets`, read: () => (Object.hasOwn(secrets, argument) ? secrets[argument] : undefined) };
}

/** A file's text, `undefined` if there is no such file. @throws whatever else is wrong with it */
async function textOf(path: string): Promise<string | undefined> {
  try {
    const entry = await stat(path);
    if (!entry.isFile()) throw new Error('it is not a file');
    if (entry.size > largestSecret) throw new Error(`it has more than ${largestSecret} bytes`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    if (text.trim() === '') throw new Error('it is empty');
    return text;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not text in UTF-8';
  return code ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function missing({ name }: SecretName, why: string, cause?: unknown): AgentError {
  return new AgentError({ code: 'UNAUTHENTICATED', message: `no secret ${name}: ${why}`, cause });
}

/** Empty when nothing came with the call. */
function connectionHash({ secrets, configs }: Connection = { secrets: {}, configs: {} }): string {
  const parts = [secrets, configs].map((values) =>
    Object.keys(values)
      .toSorted()
      .map((key) => [key, values[key]]),
  );
  return parts.every((part) => part.length === 0) ? '' : keyedHash(parts);
}
