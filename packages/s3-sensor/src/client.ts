import type { S3Client as Sdk, S3ClientConfig } from '@aws-sdk/client-s3';
import { toFolderPrefix, type Location } from './convert.ts';

/** What the sensor asks of a store. Errors are the SDK's. */
export interface ObjectStore {
  /** Loads the SDK. */
  prepare(): Promise<void>;
  /** Whether there is an object of exactly this key. A missing bucket is an error. */
  hasObject(location: Location, signal: AbortSignal): Promise<boolean>;
  /** Whether there is an object in the folder of this name. A missing bucket is an error. */
  hasObjectsBelow(location: Location, signal: AbortSignal): Promise<boolean>;
}

/**
 * S3 through the AWS SDK, with its standard chain of credentials and its standard variables (`AWS_REGION`,
 * `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`…). With an endpoint of their own, buckets are named in the path.
 */
export class S3Client implements ObjectStore {
  #loading: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: Sdk }> | undefined;

  async prepare(): Promise<void> {
    await this.#load();
  }

  async hasObject({ bucket, key }: Location, signal: AbortSignal): Promise<boolean> {
    const { sdk, client } = await this.#load();
    try {
      await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
      return true;
    } catch (error) {
      // A HEAD has no body: a missing key and a missing bucket look the same here; the listing of the folder tells them apart.
      if (error instanceof sdk.S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
      // Without the right to read, or to know whether there is anything to read, a listing may still tell: keys come sorted.
      if (error instanceof sdk.S3ServiceException && error.$metadata.httpStatusCode === 403) {
        const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 }), {
          abortSignal: signal,
        });
        return Contents[0]?.Key === key;
      }
      throw error;
    }
  }

  async hasObjectsBelow({ bucket, key }: Location, signal: AbortSignal): Promise<boolean> {
    const { sdk, client } = await this.#load();
    const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: toFolderPrefix(key), MaxKeys: 1 });
    const { KeyCount = 0 } = await client.send(command, { abortSignal: signal });
    return KeyCount > 0;
  }

  #load(): Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: Sdk }> {
    this.#loading ??= import('@aws-sdk/client-s3').then((sdk) => ({ sdk, client: new sdk.S3Client(options()) }));
    return this.#loading;
  }
}

/** One try a poke: the engine polls again anyway, and a second try would outlast its deadline. */
function options(): S3ClientConfig {
  const custom = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  return {
    forcePathStyle: custom !== undefined,
    maxAttempts: 1,
    followRegionRedirects: true,
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
  };
}
