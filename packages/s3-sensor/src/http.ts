import {
  AgentError,
  Sensor,
  type AgentContext,
  type CheckedFetch,
  type FetchResponse,
  type PokeContext,
  type PokeResult,
  type SensorTask,
} from '@flyte-agents/core';
import { httpConfig, type HttpConfig } from './config.ts';
import { unlike } from './convert/json.ts';
import { refuseSecrets, shown, toUrl } from './convert.ts';
import { documentFault } from './errors.ts';
import { SharedReads } from './shared.ts';

/** Options of {@link HttpSensor}. */
export interface HttpSensorOptions {
  /** Default: the server's own, which fetches from where its operator lets it. */
  readonly fetch?: CheckedFetch;
  /** For how long an answer is told to other tasks that ask the same, in milliseconds. Default 2 s. */
  readonly shareForMs?: number;
}

/** Headers that hold credentials wherever they are used. */
const secretHeader = /^(?:authorization|proxy-authorization|cookie|.*(?:token|secret|password|api-?key).*)$/i;
/** Statuses that say that there is nothing yet. */
const absent: readonly number[] = [404, 410];

/** Waits until a URL answers as it should: by its status, and by what its JSON holds. */
export class HttpSensor extends Sensor<HttpConfig> {
  readonly name = 'HTTP';
  readonly claims = { kind: 'http' };
  readonly config = httpConfig;
  override readonly outputs = { status: { kind: 'simple', simple: 'INTEGER' } } as const;
  readonly #fetch: CheckedFetch | undefined;
  readonly #answers: SharedReads<FetchResponse>;

  constructor({ fetch, shareForMs = 2000 }: HttpSensorOptions = {}) {
    super();
    this.#fetch = fetch;
    this.#answers = new SharedReads(shareForMs);
  }

  override check(task: SensorTask<HttpConfig>): void {
    const { body, method, headers } = task.config;
    urlOf(task);
    if (body !== undefined && method !== 'POST') throw invalid('body: only a POST sends one (set method: POST)');
    const secret = Object.keys(headers ?? {}).find((name) => secretHeader.test(name));
    if (secret !== undefined) throw invalid(`headers.${secret}: would be stored in the cluster; use secret_headers, which name secrets`);
  }

  override hostOf(task: SensorTask<HttpConfig>): string {
    return urlOf(task).origin;
  }

  async poke(task: SensorTask<HttpConfig>, context: PokeContext): Promise<PokeResult> {
    const { config } = task;
    const url = urlOf(task);
    const path = shown(url.href);
    const key = JSON.stringify([context.secrets.tenant, url.href, config]);
    const answer = await this.#answers.read(key, context.signal, (signal) =>
      ask(url, config, { ...context, fetch: this.#fetch ?? context.fetch, signal }),
    );
    const { status } = answer;
    const message = `waiting for ${path}: ${status}`;
    const isSuccess = status >= 200 && status <= 299;
    if (!(config.statuses?.includes(status) ?? isSuccess)) {
      if (isSuccess || absent.includes(status) || config.tolerated_statuses?.includes(status) === true) return { met: false, message };
      throw documentFault(path, status);
    }
    const reason = config.json ? unlike(answer, config.json) : undefined;
    if (reason !== undefined) return { met: false, message: `${message}, but ${reason}` };
    return { met: true, message: `${path} answers ${status}`, outputs: { status: { kind: 'integer', value: BigInt(status) } } };
  }
}

async function ask(
  url: URL,
  { method, headers, body, ...config }: HttpConfig,
  { secrets, fetch, signal }: AgentContext,
): Promise<FetchResponse> {
  const valueOf = async ([name, secret]: readonly [string, string]): Promise<readonly [string, string]> => [
    name,
    await secrets.require({ name: secret, argument: secret, namedBy: 'task' }),
  ];
  const secretHeaders = await Promise.all(Object.entries(config.secret_headers ?? {}).map(valueOf));
  const asked = new URL(url);
  for (const [name, value] of await Promise.all(Object.entries(config.secret_query ?? {}).map(valueOf)))
    asked.searchParams.set(name, value);
  return fetch(asked, {
    method: method ?? 'GET',
    headers: {
      accept: 'application/json, */*;q=0.5',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
      ...Object.fromEntries(secretHeaders),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    // Without a look at the JSON, the status is all that is read.
    ...(!config.json && { maxBytes: 1024, cut: true }),
    signal,
  });
}

/** @throws AgentError INVALID_ARGUMENT when the task names no URL that may be asked for */
function urlOf({ config, inputs }: SensorTask<HttpConfig>): URL {
  const text = config.url ?? inputs.string('url');
  refuseSecrets(text);
  return toUrl(text);
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `sensor_config.${message}` });
}
