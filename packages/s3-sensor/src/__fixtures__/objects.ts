import { AgentError, createFetch, createLogger, Inputs, SecretSource, type CheckedFetch, type JsonValue, type ListOptions, type ListedPage, type Literal, type ObjectInfo, type ObjectLocation, type PokeContext, type SeenObject } from '@flyte-agents/core';
import type { StorePort } from '../client.ts';

/** When everything in the tests was written, and when the store looks. */
export const writtenAt: number = Date.UTC(2026, 0, 31, 6, 0, 0);
export const lookedAt: number = writtenAt + 600_000;

/** A store that holds objects by `service://bucket/key`, gives them two a page, and counts what it is asked. */
export class FakeStore implements StorePort {
  readonly objects = new Map<string, Partial<SeenObject>>();
  readonly stats: string[] = [];
  readonly lists: string[] = [];
  pages = 0;
  error: AgentError | undefined;

  put(url: string, info: Partial<SeenObject> = {}): this {
    this.objects.set(url, info);
    return this;
  }

  async stat(at: string | ObjectLocation): Promise<SeenObject | undefined> {
    const url = nameOf(at);
    this.stats.push(url);
    if (this.error !== undefined) throw this.error;
    const info = this.objects.get(url);
    return info && { ...toInfo(url, info), metadata: {}, ...info, seenAt: lookedAt };
  }

  async *list(at: string | ObjectLocation, { shallow = false, pageSize = 1000 }: ListOptions): AsyncIterable<ListedPage> {
    const prefix = nameOf(at);
    this.lists.push(`${prefix}${shallow ? ' shallow' : ''}${pageSize === 1000 ? '' : ` ${pageSize}`}`);
    if (this.error !== undefined) throw this.error;
    const names = [...this.objects.keys()].filter((url) => url.startsWith(prefix) && !(shallow && url.slice(prefix.length).includes('/')));
    for (let start = 0; start === 0 || start < names.length; start += pageSize) {
      this.pages++;
      yield { objects: names.slice(start, start + pageSize).map((url) => toInfo(url, this.objects.get(url))), seenAt: lookedAt };
    }
  }
}

function nameOf(at: string | ObjectLocation): string {
  if (typeof at === 'string') return at;
  return at.service === 'file' ? `file://${at.key}` : `${at.service}://${at.container}/${at.key}`;
}

function toInfo(url: string, info: Partial<SeenObject> = {}): ObjectInfo {
  const key = url.replace(/^\w+:\/\/[^/]*\//, '');
  const { metadata: _metadata, seenAt: _seenAt, ...known } = info;
  return { key, size: 4, etag: `etag of ${key}`, modifiedAt: writtenAt, ...known };
}

/** What a poke is given, with inputs and outputs by name. */
export function sensorTask<Config>(config: Config, inputs: Readonly<Record<string, JsonValue>>, outputs: readonly string[] = []) {
  return { config, inputs: Inputs.of(new Map(Object.entries(inputs).map(([name, value]) => [name, toLiteral(value)]))), outputs: new Set(outputs) };
}

function toLiteral(value: JsonValue): Literal {
  if (Array.isArray(value)) return { kind: 'collection', items: value.map(toLiteral) };
  if (typeof value === 'string') return { kind: 'string', value };
  return { kind: 'none' };
}

/** A poke's context of a project; nothing may be fetched unless the test says so. */
export function pokeContext(changes: { readonly project?: string; readonly signal?: AbortSignal; readonly fetch?: CheckedFetch; readonly store?: PokeContext['store'] } = {}): PokeContext {
  const { project = 'p', signal = new AbortController().signal } = changes;
  return {
    signal,
    deadline: Date.now() + 10_000,
    project,
    domain: 'd',
    secrets: new SecretSource({ _FSEC_DOOR: 'geheimnis' }).of({ project, domain: 'd' }),
    store: changes.store ?? noFiles,
    fetch: changes.fetch ?? createFetch(),
    logger: createLogger({ level: 'silent' }),
    createdAt: writtenAt + 300_500,
  };
}

const refused = new AgentError({ code: 'FAILED_PRECONDITION', message: 'no place for files (set storeRoots)' });
const noFiles: PokeContext['store'] = {
  read: () => Promise.reject(refused),
  stat: () => Promise.reject(refused),
  list: () => {
    throw refused;
  },
};
