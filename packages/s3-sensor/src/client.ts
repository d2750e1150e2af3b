import type { AgentContext, FetchResponse, ObjectInfo, ObjectLocation, ReadableStore, SeenObject } from '@flyte-agents/core';
import type { Seen } from './convert/conditions.ts';
import { shown } from './convert.ts';
import { documentFault } from './errors.ts';
import { SharedReads } from './shared.ts';

/** What the sensor asks of stores. Errors are AgentErrors. */
export type StorePort = Pick<ReadableStore, 'stat' | 'list'>;

/** Objects whose names begin alike. */
export interface Listing {
  readonly objects: readonly ObjectInfo[];
  /** Whether these are all of them, or as many as were asked for. */
  readonly isComplete: boolean;
  /** The store's own clock, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** What is listed. */
export interface ListingOptions {
  /** Leave out what lies in folders below. Default false. */
  readonly shallow?: boolean;
  /** So many are enough. Default: all. */
  readonly enough?: number | undefined;
}

/** A document on the web, and what time it was for its server. */
export interface SeenDocument extends Seen {
  readonly seenAt: number;
}

/** A listing ends after so many objects, or pages if there is little on them (SE5). */
const mostObjects = 10_000;
const mostPages = 30;

/** Looks into stores and at documents. Equal looks of one tenant are one, and what they find is good for a moment (SE16). */
export class Looks {
  readonly #stats: SharedReads<SeenObject | undefined>;
  readonly #listings: SharedReads<Listing>;
  readonly #documents: SharedReads<SeenDocument | undefined>;

  /** @param shareForMs for how long what was found is told to others, in milliseconds */
  constructor(shareForMs: number) {
    this.#stats = new SharedReads(shareForMs);
    this.#listings = new SharedReads(shareForMs);
    this.#documents = new SharedReads(shareForMs);
  }

  /** The object of exactly this name. */
  async stat(store: StorePort, at: ObjectLocation, { secrets, signal }: AgentContext): Promise<SeenObject | undefined> {
    const key = JSON.stringify([secrets.tenant, at]);
    return this.#stats.read(key, signal, (shared) => store.stat(at, shared));
  }

  /** What begins with this name. */
  async list(store: StorePort, at: ObjectLocation, options: ListingOptions, { secrets, signal }: AgentContext): Promise<Listing> {
    const key = JSON.stringify([secrets.tenant, at, options]);
    return this.#listings.read(key, signal, (shared) => listing(store, at, options, shared));
  }

  /** The document that a URL leads to; `undefined` when there is none. */
  async document(url: URL, { secrets, fetch, signal }: AgentContext): Promise<SeenDocument | undefined> {
    const key = JSON.stringify([secrets.tenant, url.href]);
    return this.#documents.read(key, signal, (shared) => lookAt(url, fetch, shared));
  }
}

async function listing(
  store: StorePort,
  at: ObjectLocation,
  { shallow = false, enough }: ListingOptions,
  signal: AbortSignal,
): Promise<Listing> {
  const limit = enough ?? mostObjects;
  const pageSize = limit < 1000 ? limit : undefined;
  const objects: ObjectInfo[] = [];
  let seenAt: number | undefined;
  let pages = 0;
  for await (const page of store.list(at, { shallow, pageSize, signal })) {
    seenAt ??= page.seenAt;
    objects.push(...page.objects);
    if (objects.length >= limit || ++pages >= mostPages)
      return { objects, isComplete: enough !== undefined && objects.length >= enough, seenAt };
  }
  return { objects, isComplete: true, seenAt: seenAt ?? Date.now() };
}

/** What a server says of a document's content as it is, not as it may be packed for the way. */
const asItIs = { 'accept-encoding': 'identity' };

async function lookAt(url: URL, fetch: AgentContext['fetch'], signal: AbortSignal): Promise<SeenDocument | undefined> {
  const head = await fetch(url, { method: 'HEAD', headers: asItIs, signal });
  // Not every server has HEAD; one byte tells as much.
  const isUnknown = head.status === 405 || head.status === 501;
  const answer = isUnknown ? await fetch(url, { headers: { ...asItIs, range: 'bytes=0-0' }, maxBytes: 1, cut: true, signal }) : head;
  if (answer.status === 404 || answer.status === 410) return undefined;
  // An empty document has no first byte.
  const isEmpty = isUnknown && answer.status === 416;
  if (!isEmpty && (answer.status < 200 || answer.status > 299)) throw documentFault(shown(url.href), answer.status);
  return {
    url: url.href,
    key: url.pathname,
    size: isEmpty ? 0 : sizeOf(answer),
    etag: answer.headers.get('etag')?.replace(/^W\/|"/g, ''),
    modifiedAt: timeOf(answer, 'last-modified'),
    seenAt: timeOf(answer, 'date') ?? Date.now(),
  };
}

/** The size of all of it: after the slash, where only a part was asked for. */
function sizeOf({ status, headers }: FetchResponse): number | undefined {
  const text = status === 206 ? headers.get('content-range')?.split('/').at(-1) : headers.get('content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function timeOf({ headers }: FetchResponse, name: string): number | undefined {
  const time = Date.parse(headers.get(name) ?? '');
  return Number.isNaN(time) ? undefined : time;
}
