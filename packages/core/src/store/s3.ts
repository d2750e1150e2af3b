import { Readable } from 'node:stream';
import type * as S3Sdk from '@aws-sdk/client-s3';
import { attempt, checkSize, type Refusal } from './fault.ts';
import { lazily, loaded } from './loading.ts';
import type { ObjectLocation } from './location.ts';
import { readAll } from './reading.ts';
import type { ListedPage, ListOptions, ObjectService, ReadOptions, SeenObject } from './service.ts';

/**
 * S3 through the AWS SDK, with its standard chain of credentials and its standard variables (`AWS_REGION`,
 * `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`…). With an endpoint of their own, buckets are named in the path.
 */
export class S3Service implements ObjectService {
  readonly #ready: () => Promise<{ readonly sdk: typeof S3Sdk; readonly client: S3Sdk.S3Client }>;
  /** When S3 gave an answer, by its own clock, in milliseconds since 1970. */
  readonly #seenAt = new WeakMap<object, number>();

  /** @param load loads `@aws-sdk/client-s3` */
  constructor(load: () => Promise<typeof S3Sdk>) {
    this.#ready = lazily(async () => {
      const sdk = await loaded('@aws-sdk/client-s3', load);
      const client = new sdk.S3Client(clientConfig());
      client.middlewareStack.add(
        (next) => async (request) => {
          const result = await next(request);
          const date = dateOf(result.response);
          if (result.output !== undefined && !Number.isNaN(date)) this.#seenAt.set(result.output, date);
          return result;
        },
        // Outside of the SDK's own, which makes the output.
        { step: 'deserialize', priority: 'high' },
      );
      return { sdk, client };
    });
  }

  async prepare(): Promise<void> {
    await this.#ready();
  }

  async read(location: ObjectLocation, options: ReadOptions): Promise<Uint8Array> {
    const { sdk, client } = await this.#ready();
    return attempt({ location, operation: 'read', signal: options.signal, refusal }, async () => {
      const command = new sdk.GetObjectCommand({ Bucket: location.container, Key: location.key });
      const { Body, ContentLength = 0 } = await client.send(command, { abortSignal: options.signal });
      // On Node, the body of an answer is a stream of Node's.
      if (!(Body instanceof Readable)) throw new TypeError('an answer without a body');
      if (ContentLength > options.maxBytes) Body.destroy();
      checkSize(ContentLength, options.maxBytes, location);
      return readAll(Body, location, options);
    });
  }

  async write(location: ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#ready();
    await attempt({ location, operation: 'write', signal, refusal }, async () => {
      await client.send(new sdk.PutObjectCommand({ Bucket: location.container, Key: location.key, Body: bytes }), { abortSignal: signal });
    });
  }

  async delete(location: ObjectLocation, signal: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#ready();
    await attempt({ location, operation: 'delete', signal, refusal }, async () => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: location.container, Key: location.key }), { abortSignal: signal });
    });
  }

  async stat(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    const { sdk, client } = await this.#ready();
    return attempt({ location, operation: 'read', signal, refusal }, async () => {
      const command = new sdk.HeadObjectCommand({ Bucket: location.container, Key: location.key });
      try {
        const output = await client.send(command, { abortSignal: signal });
        const { ContentLength: size = 0, ETag, LastModified, Metadata: metadata = {} } = output;
        const times = { modifiedAt: LastModified?.getTime(), seenAt: this.#timeOf(output) };
        return { key: location.key, size, etag: unquoted(ETag), metadata, ...times };
      } catch (error) {
        const { status } = refusal(error);
        // A HEAD has no body: a missing key and a missing bucket look the same here; a listing tells them apart.
        if (status === 404) return undefined;
        // Without the right to read, or to know whether there is anything to read, a listing may still tell; and it says what
        // is wrong with a token.
        if (status === 403 || status === 400) return this.#inListing(location, signal);
        throw error;
      }
    });
  }

  async *list(prefix: ObjectLocation, { shallow = false, pageSize, signal }: ListOptions): AsyncIterable<ListedPage> {
    const { sdk, client } = await this.#ready();
    const place = { Bucket: prefix.container, Prefix: prefix.key, Delimiter: shallow ? '/' : undefined, MaxKeys: pageSize };
    let token: string | undefined;
    do {
      const command = new sdk.ListObjectsV2Command({ ...place, ContinuationToken: token });
      const output = await attempt({ location: prefix, operation: 'read', signal, refusal }, async () => {
        const answer = await client.send(command, { abortSignal: signal });
        // The SDK takes any page for a listing of nothing.
        if (answer.KeyCount === undefined && answer.Name === undefined) throw new Error('the answer is no listing');
        return answer;
      });
      const objects = (output.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified }) => ({
        key: Key,
        size: Size,
        etag: unquoted(ETag),
        modifiedAt: LastModified?.getTime(),
      }));
      yield { objects, seenAt: this.#timeOf(output) };
      token = output.NextContinuationToken;
    } while (token !== undefined);
  }

  /** Names come sorted: an object is the first of all whose names begin with its own. */
  async #inListing(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    for await (const { objects, seenAt } of this.list(location, { pageSize: 1, signal })) {
      const [first] = objects;
      return first?.key === location.key ? { ...first, seenAt } : undefined;
    }
    return undefined;
  }

  #timeOf(output: object): number {
    return this.#seenAt.get(output) ?? Date.now();
  }
}

function clientConfig(): S3Sdk.S3ClientConfig {
  const custom = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  return {
    maxAttempts: 1,
    followRegionRedirects: true,
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    // Other stores that speak the protocol have neither hosts by bucket nor the newer checksums.
    ...(custom !== undefined && { forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' }),
  };
}

/** The SDK keeps the names of headers in small letters. */
function dateOf(response: unknown): number {
  const headers: unknown = typeof response === 'object' && response !== null && 'headers' in response ? response.headers : undefined;
  return typeof headers === 'object' && headers !== null && 'date' in headers ? Date.parse(String(headers.date)) : Number.NaN;
}

function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^"|"$/g, '');
}

function refusal(error: unknown): Refusal {
  if (!(error instanceof Error)) return { status: undefined, name: 'Error', message: String(error) };
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status: unknown =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return { status: typeof status === 'number' ? status : undefined, name: error.name, message: error.message };
}
