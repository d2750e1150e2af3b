import { Readable } from 'node:stream';
import type * as AuthSdk from 'google-auth-library';
import { z } from 'zod';
import { attempt, checkSize, type Refusal } from './fault.ts';
import { lazily, loaded } from './loading.ts';
import type { ObjectLocation } from './location.ts';
import { readAll } from './reading.ts';
import type { ListedPage, ListOptions, ObjectInfo, ObjectService, ReadOptions, SeenObject } from './service.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
const resource = z.object({
  name: z.string(),
  size: z.string().nullish(),
  etag: z.string().nullish(),
  updated: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list#response */
const listing = z.object({ items: z.array(resource).nullish(), nextPageToken: z.string().nullish() });

/** What the JSON API puts into its errors: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
const errorBody = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string().nullish() })).nullish() }) });

const scope = 'https://www.googleapis.com/auth/devstorage.read_write';

interface Client {
  readonly endpoint: string;
  readonly auth: AuthSdk.GoogleAuth | AuthSdk.PassThroughClient;
}

/**
 * Google Cloud Storage by its JSON API, with Google's library for credentials: its standard chain. The variable
 * `STORAGE_EMULATOR_HOST` leads to another server, without credentials.
 */
export class GsService implements ObjectService {
  readonly #ready: () => Promise<Client>;

  /** @param load loads `google-auth-library` */
  constructor(load: () => Promise<typeof AuthSdk>) {
    this.#ready = lazily(async () => {
      const { GoogleAuth, PassThroughClient } = await loaded('google-auth-library', load);
      const emulator = process.env['STORAGE_EMULATOR_HOST'] ?? '';
      if (emulator === '') return { endpoint: 'https://storage.googleapis.com', auth: new GoogleAuth({ scopes: [scope] }) };
      const endpoint = emulator.includes('://') ? emulator : `http://${emulator}`;
      return { endpoint: endpoint.replace(/\/+$/, ''), auth: new PassThroughClient() };
    });
  }

  async prepare(): Promise<void> {
    await this.#ready();
  }

  async read(location: ObjectLocation, options: ReadOptions): Promise<Uint8Array> {
    const { endpoint, auth } = await this.#ready();
    return attempt({ location, operation: 'read', signal: options.signal, refusal }, async () => {
      const url = `${endpoint}${pathOf(location)}`;
      const request = { url, params: { alt: 'media' }, signal: options.signal, retry: false, responseType: 'stream' } as const;
      const { data, headers } = await auth.request<Readable>(request);
      const size = Number(headers.get('content-length') ?? 0);
      if (size > options.maxBytes) data.destroy();
      checkSize(size, options.maxBytes, location);
      return readAll(data, location, options);
    });
  }

  async write(location: ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { endpoint, auth } = await this.#ready();
    await attempt({ location, operation: 'write', signal, refusal }, async () => {
      await auth.request({
        method: 'POST',
        url: `${endpoint}/upload${objectsOf(location)}`,
        params: { uploadType: 'media', name: location.key },
        headers: { 'content-type': 'application/octet-stream' },
        data: bytes,
        signal,
        retry: false,
      });
    });
  }

  async delete(location: ObjectLocation, signal: AbortSignal): Promise<void> {
    const { endpoint, auth } = await this.#ready();
    await attempt({ location, operation: 'delete', signal, refusal }, async () => {
      await auth.request({ method: 'DELETE', url: `${endpoint}${pathOf(location)}`, validateStatus: isGone, signal, retry: false });
    });
  }

  async stat(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    return attempt({ location, operation: 'read', signal, refusal }, async () => {
      try {
        const { body, seenAt } = await this.#get(pathOf(location), {}, signal);
        const object = resource.parse(body);
        return { ...toInfo(object), metadata: object.metadata ?? {}, seenAt };
      } catch (error) {
        // A missing bucket looks the same; a listing tells them apart.
        if (refusal(error).status === 404) return undefined;
        throw error;
      }
    });
  }

  async *list(prefix: ObjectLocation, { shallow = false, pageSize, signal }: ListOptions): AsyncIterable<ListedPage> {
    const what = { prefix: prefix.key, ...(shallow && { delimiter: '/' }), ...(pageSize !== undefined && { maxResults: pageSize }) };
    let pageToken: string | undefined;
    do {
      const query = pageToken === undefined ? what : { ...what, pageToken };
      const page = await attempt({ location: prefix, operation: 'read', signal, refusal }, async () => {
        const { body, seenAt } = await this.#get(objectsOf(prefix), query, signal);
        return { ...listing.parse(body), seenAt };
      });
      yield { objects: (page.items ?? []).map(toInfo), seenAt: page.seenAt };
      pageToken = page.nextPageToken ?? undefined;
    } while (pageToken !== undefined);
  }

  async #get(
    path: string,
    query: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): Promise<{ readonly body: unknown; readonly seenAt: number }> {
    const { endpoint, auth } = await this.#ready();
    const request = { url: `${endpoint}${path}`, params: query, signal, retry: false, responseType: 'json' } as const;
    const { data, headers } = await auth.request<unknown>(request);
    return { body: data, seenAt: Date.parse(headers.get('date') ?? '') || Date.now() };
  }
}

/** Whether this is the answer to a delete of something that is not there now. */
function isGone(status: number): boolean {
  return (status >= 200 && status < 300) || status === 404;
}

function objectsOf({ container }: ObjectLocation): string {
  return `/storage/v1/b/${container}/o`;
}

function pathOf(location: ObjectLocation): string {
  return `${objectsOf(location)}/${encodeURIComponent(location.key)}`;
}

function toInfo({ name, size, etag, updated }: z.infer<typeof resource>): ObjectInfo {
  const modifiedAt = Date.parse(updated ?? '');
  return { key: name, size: Number(size ?? 0), etag: etag ?? undefined, modifiedAt: Number.isNaN(modifiedAt) ? undefined : modifiedAt };
}

function refusal(error: unknown): Refusal {
  if (!(error instanceof Error)) return { status: undefined, name: 'Error', message: String(error) };
  const { message } = error;
  // Said by the library for credentials, as a plain error.
  if (message.includes('Could not load the default credentials')) return { status: undefined, name: 'NoCredentials', message };
  const code = 'code' in error ? String(error.code) : error.name;
  if (!('status' in error) || typeof error.status !== 'number') return { status: undefined, name: code, message };
  return { status: error.status, name: reasonOf(error), message };
}

/** The service's own word for an error: `rateLimitExceeded`, `forbidden`. */
function reasonOf(error: Error): string {
  const response = 'response' in error && typeof error.response === 'object' ? error.response : null;
  const body: unknown = response !== null && 'data' in response ? response.data : undefined;
  return errorBody.safeParse(body).data?.error.errors?.[0]?.reason ?? '';
}
