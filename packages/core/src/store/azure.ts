import { Readable } from 'node:stream';
import type * as IdentitySdk from '@azure/identity';
import type * as BlobSdk from '@azure/storage-blob';
import { AgentError } from '../errors.ts';
import { attempt, checkSize, type Refusal } from './fault.ts';
import { lazily, loaded } from './loading.ts';
import type { ObjectLocation } from './location.ts';
import { readAll } from './reading.ts';
import type { ListedPage, ListOptions, ObjectService, ReadOptions, SeenObject } from './service.ts';

/** The packages behind Azure's store. */
export interface AzureSdks {
  /** Loads `@azure/storage-blob`. */
  readonly blob: () => Promise<typeof BlobSdk>;
  /** Loads `@azure/identity`, which is needed where neither a connection string nor a key is given. */
  readonly identity: () => Promise<typeof IdentitySdk>;
}

/** One try a call: the engine asks again. */
const clientOptions = { retryOptions: { maxTries: 1 } } as const;

/**
 * Azure's blob storage through its SDK. The server's own account is named by `AZURE_STORAGE_CONNECTION_STRING`, or by
 * `AZURE_STORAGE_ACCOUNT` with `AZURE_STORAGE_KEY`; everything else is reached with Azure's standard chain of credentials.
 */
export class AzureService implements ObjectService {
  readonly #blob: () => Promise<typeof BlobSdk>;
  readonly #own: () => Promise<BlobSdk.BlobServiceClient>;
  readonly #credential: () => Promise<IdentitySdk.DefaultAzureCredential>;

  constructor({ blob, identity }: AzureSdks) {
    this.#blob = lazily(() => loaded('@azure/storage-blob', blob));
    this.#credential = lazily(async () => new (await loaded('@azure/identity', identity)).DefaultAzureCredential());
    this.#own = lazily(() => this.#ownClient());
  }

  async prepare(): Promise<void> {
    await this.#blob();
  }

  async read(location: ObjectLocation, options: ReadOptions): Promise<Uint8Array> {
    const blob = (await this.#container(location)).getBlobClient(location.key);
    return attempt({ location, operation: 'read', signal: options.signal, refusal }, async () => {
      const download = await blob.download(0, undefined, { abortSignal: options.signal, maxRetryRequests: 0 });
      const { readableStreamBody: stream, contentLength = 0 } = download;
      // On Node, the body of an answer is a stream of Node's.
      if (!(stream instanceof Readable)) throw new TypeError('an answer without a body');
      if (contentLength > options.maxBytes) stream.destroy();
      checkSize(contentLength, options.maxBytes, location);
      return readAll(stream, location, options);
    });
  }

  async write(location: ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const blob = (await this.#container(location)).getBlockBlobClient(location.key);
    await attempt({ location, operation: 'write', signal, refusal }, async () => {
      await blob.upload(bytes, bytes.byteLength, { abortSignal: signal });
    });
  }

  async delete(location: ObjectLocation, signal: AbortSignal): Promise<void> {
    const blob = (await this.#container(location)).getBlobClient(location.key);
    await attempt({ location, operation: 'delete', signal, refusal }, async () => {
      await blob.deleteIfExists({ abortSignal: signal });
    });
  }

  async stat(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    const blob = (await this.#container(location)).getBlobClient(location.key);
    return attempt({ location, operation: 'read', signal, refusal }, async () => {
      try {
        const properties = await blob.getProperties({ abortSignal: signal });
        const { contentLength = 0, etag, lastModified, metadata = {}, date } = properties;
        if (isFolder(metadata)) return undefined;
        const info = { key: location.key, size: contentLength, etag: etag?.replaceAll('"', ''), modifiedAt: lastModified?.getTime() };
        return { ...info, metadata: lowerCase(metadata), seenAt: date?.getTime() ?? Date.now() };
      } catch (error) {
        const { status, name } = refusal(error);
        if (status === 404 && name !== 'ContainerNotFound') return undefined;
        throw error;
      }
    });
  }

  async *list(prefix: ObjectLocation, { shallow = false, pageSize, signal }: ListOptions): AsyncIterable<ListedPage> {
    const container = await this.#container(prefix);
    const what = { prefix: prefix.key, includeMetadata: true, abortSignal: signal };
    const size = pageSize === undefined ? {} : { maxPageSize: pageSize };
    const listing = shallow ? container.listBlobsByHierarchy('/', what) : container.listBlobsFlat(what);
    const pages = listing.byPage(size)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await attempt({ location: prefix, operation: 'read', signal, refusal }, () => pages.next());
      if (done === true) return;
      const { segment, date } = value;
      const objects = segment.blobItems
        .filter(({ metadata = {} }) => !isFolder(metadata))
        .map(({ name, properties, metadata = {} }) => ({
          key: name,
          size: properties.contentLength ?? 0,
          etag: properties.etag.replaceAll('"', ''),
          modifiedAt: properties.lastModified.getTime(),
          metadata: lowerCase(metadata),
        }));
      yield { objects, seenAt: date?.getTime() ?? Date.now() };
    }
  }

  async #container({ account, container }: ObjectLocation): Promise<BlobSdk.ContainerClient> {
    const isOwn = account === '' || account === ownAccount();
    const client = isOwn ? await this.#own() : await this.#clientOf(account, await this.#credential());
    return client.getContainerClient(container);
  }

  async #ownClient(): Promise<BlobSdk.BlobServiceClient> {
    const sdk = await this.#blob();
    const {
      AZURE_STORAGE_CONNECTION_STRING: connection,
      AZURE_STORAGE_ACCOUNT_KEY: accountKey,
      AZURE_STORAGE_KEY: key = accountKey,
    } = process.env;
    if (connection !== undefined && connection !== '') return fromConnection(sdk, connection);
    const account = ownAccount();
    if (account === undefined) {
      const message =
        'the abfs:// URL names no storage account: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING on the server, or write abfs://container@account.dfs.core.windows.net/…';
      throw new AgentError({ code: 'FAILED_PRECONDITION', origin: 'system', passes: false, message });
    }
    const [name = ''] = account.split('.');
    return this.#clientOf(
      account,
      key === undefined || key === '' ? await this.#credential() : new sdk.StorageSharedKeyCredential(name, key),
    );
  }

  async #clientOf(
    account: string,
    credential: BlobSdk.StorageSharedKeyCredential | IdentitySdk.DefaultAzureCredential,
  ): Promise<BlobSdk.BlobServiceClient> {
    const sdk = await this.#blob();
    return new sdk.BlobServiceClient(`https://${account.replace('.', '.blob.')}`, credential, clientOptions);
  }
}

/** @throws AgentError FAILED_PRECONDITION when it is none; it is not repeated */
function fromConnection({ BlobServiceClient }: typeof BlobSdk, connection: string): BlobSdk.BlobServiceClient {
  try {
    return BlobServiceClient.fromConnectionString(connection, clientOptions);
  } catch (error) {
    const message = 'the variable AZURE_STORAGE_CONNECTION_STRING is no connection string of a storage account';
    throw new AgentError({ code: 'FAILED_PRECONDITION', origin: 'system', passes: false, message, cause: error });
  }
}

/** The server's own storage account, `account.core.windows.net`, if it has one. */
export function ownAccount(environment: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const connection = environment['AZURE_STORAGE_CONNECTION_STRING'] ?? '';
  const name =
    /(?:^|;)\s*AccountName=([^;]+)/i.exec(connection)?.[1] ??
    /(?:^|;)\s*BlobEndpoint=https?:\/\/([a-z0-9]+)\./i.exec(connection)?.[1] ??
    environment['AZURE_STORAGE_ACCOUNT_NAME'] ??
    environment['AZURE_STORAGE_ACCOUNT'];
  const domain = /(?:^|;)\s*EndpointSuffix=([^;]+)/i.exec(connection)?.[1] ?? 'core.windows.net';
  return name === undefined || name === '' ? undefined : `${name}.${domain}`;
}

/** With hierarchical namespaces, folders are empty blobs with a mark. */
function isFolder(metadata: Readonly<Record<string, string>>): boolean {
  return lowerCase(metadata)['hdi_isfolder'] === 'true';
}

function lowerCase(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
}

function refusal(error: unknown): Refusal {
  if (!(error instanceof Error)) return { status: undefined, name: 'Error', message: String(error) };
  const { message } = error;
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  // The wrong secret of a client, for example.
  if (error.name === 'AuthenticationError' && status !== undefined && status < 500) return { status: 401, name: error.name, message };
  const name = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { status, name, message };
}
