import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, type AwsEnvironment } from './aws-environment.ts';
import { failureAnswer, S3Failure, type Answer } from './s3-answer.ts';
import { FaultSchedule, type S3Fault } from './s3-faults.ts';
import { operations } from './s3-operations.ts';
import { authorize, bodyContent, parseRequest, type S3Operation, type S3Request } from './s3-request.ts';
import { S3Store } from './s3-store.ts';

/** How to start the S3 server. */
export interface S3Options {
  /** Port of the loopback address; default: a free one. */
  readonly port?: number;
  /** Objects that are there from the start, as `bucket/key`: content. */
  readonly objects?: Readonly<Record<string, string | Uint8Array>>;
}

/** A small S3 server in this process, for path-style requests. */
export interface S3Server {
  /** Base URL. */
  readonly endpoint: string;
  readonly environment: AwsEnvironment;
  /** How many requests of each operation came, the refused ones included. */
  readonly calls: Readonly<Record<S3Operation, number>>;
  /** Stores an object; creates its bucket, too. */
  put(bucket: string, key: string, body: string | Uint8Array): void;
  delete(bucket: string, key: string): void;
  createBucket(bucket: string): void;
  /** From now on answers every request for the bucket with 403 `AccessDenied`. */
  denyBucket(bucket: string): void;
  /** Lets coming requests fail, reset or wait. Several faults are served in the order in which they were given. */
  failNext(fault: S3Fault): void;
  stop(): Promise<void>;
}

/**
 * Starts an S3 server in this process.
 *
 * It knows the operations that agents use, keeps everything in memory, and answers `NotImplemented` to the rest. Requests must
 * carry a Signature Version 4 of the access key in `environment`; the signature itself is not verified.
 */
export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const s3 = new EmbeddedS3();
  for (const [path, body] of Object.entries(options.objects ?? {})) {
    const [bucket = '', ...key] = path.split('/');
    s3.put(bucket, key.join('/'), body);
  }
  await s3.listen(options.port ?? 0);
  return s3;
}

class EmbeddedS3 implements S3Server {
  readonly calls: Record<S3Operation, number> = {
    CreateBucket: 0,
    DeleteObject: 0,
    GetObject: 0,
    HeadBucket: 0,
    HeadObject: 0,
    ListObjectsV2: 0,
    PutObject: 0,
  };
  readonly #store = new S3Store();
  readonly #faults = new FaultSchedule();
  readonly #denied = new Set<string>();
  readonly #server: Server = createServer((request, response) => {
    // A client that goes away in the middle of its request leaves nobody to answer.
    this.#serve(request, response).catch(() => response.destroy());
  });

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The S3 server has been stopped');
    return `http://127.0.0.1:${address.port}`;
  }

  get environment(): AwsEnvironment {
    return { ...credentials, AWS_ENDPOINT_URL_S3: this.endpoint };
  }

  async listen(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '127.0.0.1', resolve);
    await promise;
  }

  put(bucket: string, key: string, body: string | Uint8Array): void {
    this.#store.createBucket(bucket);
    this.#store.put(bucket, key, typeof body === 'string' ? Buffer.from(body) : body);
  }

  delete(bucket: string, key: string): void {
    this.#store.delete(bucket, key);
  }

  createBucket(bucket: string): void {
    this.#store.createBucket(bucket);
  }

  denyBucket(bucket: string): void {
    this.#denied.add(bucket);
  }

  failNext(fault: S3Fault): void {
    this.#faults.add(fault);
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = parseRequest(message.method ?? '', message.url ?? '/');
    const body = await buffer(message);
    if (request.operation !== undefined) this.calls[request.operation] += 1;
    const fault = this.#faults.take(request.operation);
    await sleep(fault?.delayMs ?? 0, undefined, { ref: false });
    if (fault?.reset === true) {
      message.socket.resetAndDestroy();
      return;
    }
    const requestId = randomUUID();
    const answer = this.#answer({ message, request, body, fault, requestId });
    const { status, headers, body: content = '' } = answer;
    const bytes = Buffer.from(content);
    response.writeHead(status, { ...headers, 'x-amz-request-id': requestId, ...(status !== 204 && { 'content-length': bytes.length }) });
    response.end(message.method === 'HEAD' ? undefined : bytes);
  }

  #answer(input: {
    readonly message: IncomingMessage;
    readonly request: S3Request;
    readonly body: Buffer;
    readonly fault: S3Fault | undefined;
    readonly requestId: string;
  }): Answer {
    const { message, request, body, fault } = input;
    try {
      if (fault?.status !== undefined) throw new S3Failure(fault.status, fault.code ?? 'InternalError', 'A fault asked for by the test');
      authorize(message.headers.authorization, credentials.AWS_ACCESS_KEY_ID);
      if (this.#denied.has(request.bucket)) throw new S3Failure(403, 'AccessDenied', 'Access Denied');
      if (request.operation === undefined) {
        throw new S3Failure(501, 'NotImplemented', `This server does not know ${message.method} ${message.url}`);
      }
      const contentType = message.headers['content-type'];
      return operations[request.operation]({ store: this.#store, request, body: bodyContent(message, body), contentType });
    } catch (error) {
      if (!(error instanceof S3Failure)) throw error;
      return failureAnswer(error, `/${request.bucket}/${request.key}`, input.requestId);
    }
  }
}
