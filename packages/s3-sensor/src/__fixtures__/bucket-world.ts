import { HeadObjectCommand, ListObjectsV2Command, S3ServiceException } from '@aws-sdk/client-s3';
import { ObjectStore } from '@flyte-agents/core';
import { World, type Fault } from '@flyte-agents/testing';
import { FileSensor } from '../agent.ts';

/** The path that the sensor waits for. */
export const path = 's3://example-bucket/in/_SUCCESS';

/** S3 with one bucket, in memory, behind the SDK's client. */
export class BucketWorld extends World {
  readonly #accessKey = this.canaries.make('access key');
  readonly #keys = new Set<string>();

  agent(): FileSensor {
    return new FileSensor({ store: this.store() });
  }

  store(): ObjectStore {
    return new ObjectStore({ sdks: { s3: async () => this.#sdk() } });
  }

  override finish(): void {
    this.#keys.add('in/_SUCCESS');
  }

  /** What the SDK throws: a refusal may repeat the key that it was given. */
  override error({ kind }: Fault): Error {
    switch (kind) {
      case 'unavailable':
        return refusal('ServiceUnavailable', 503, 'Service is unable to handle request.');
      case 'throttled':
        return refusal('TooManyRequests', 429, 'Please reduce your request rate.');
      case 'refused':
        return Object.assign(refusal('AccessDenied', 403, `Access Denied for ${this.#accessKey}`), { AWSAccessKeyId: this.#accessKey });
      case 'truncated':
        return Object.assign(new Error('aborted'), { code: 'ECONNRESET', $metadata: { attempts: 1, totalRetryDelay: 0 } });
      case 'malformed':
        return Object.assign(new Error('Parse Error: Expected HTTP/, RTSP/ or ICE/'), { code: 'HPE_INVALID_CONSTANT' });
      default:
        return Object.assign(new Error('read ECONNRESET'), { name: 'TimeoutError', code: 'ECONNRESET' });
    }
  }

  /** As much of `@aws-sdk/client-s3` as a sensor needs. */
  #sdk(): object {
    const send = async (command: unknown, { abortSignal }: { readonly abortSignal: AbortSignal }): Promise<object> =>
      this.call('read', () => this.#answer(command), abortSignal);
    return {
      HeadObjectCommand,
      ListObjectsV2Command,
      S3Client: class {
        readonly middlewareStack = { add: (): void => {} };
        readonly send = send;
      },
    };
  }

  #answer(command: unknown): object {
    if (command instanceof HeadObjectCommand) {
      const { Bucket, Key = '' } = command.input;
      if (Bucket === 'example-bucket' && this.#keys.has(Key)) return { ContentLength: 4, LastModified: new Date() };
      throw refusal('NotFound', 404, 'UnknownError');
    }
    if (!(command instanceof ListObjectsV2Command)) throw new TypeError('a sensor asks for nothing else');
    const { Bucket, Prefix = '' } = command.input;
    if (Bucket !== 'example-bucket') throw refusal('NoSuchBucket', 404, 'The specified bucket does not exist');
    const keys = [...this.#keys].filter((key) => key.startsWith(Prefix));
    return { KeyCount: keys.length, Contents: keys.map((Key) => ({ Key, Size: 4, LastModified: new Date() })) };
  }
}

/** An answer that S3 refuses with. */
function refusal(name: string, status: number, message: string): S3ServiceException {
  return new S3ServiceException({ name, message, $fault: status < 500 ? 'client' : 'server', $metadata: { httpStatusCode: status, attempts: 1 } });
}
