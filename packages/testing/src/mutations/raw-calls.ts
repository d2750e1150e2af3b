import { Duplex } from 'node:stream';
import type { DescMethod } from '@bufbuild/protobuf';
import { methodDefinition } from '@flyte-agents/proto/grpc';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';

/** How a call ended. */
export interface RawAnswer {
  /** The gRPC status by name. */
  readonly code: string;
  /** The status's text. */
  readonly details: string;
  readonly messages: readonly Uint8Array[];
  readonly ms: number;
}

/** Calls whose messages are bytes that nobody has looked at. */
export class RawCalls {
  readonly #client: Client;

  /** @param address `host:port` */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Makes one call; whatever it ends with is an answer. @param parts the messages of a stream; a unary call has one */
  async call(method: DescMethod, parts: readonly Uint8Array[], timeoutMs: number): Promise<RawAnswer> {
    const began = performance.now();
    const messages: Uint8Array[] = [];
    const error = await this.#ended(method, parts, { timeoutMs, hear: (message) => void messages.push(message) });
    const ms = performance.now() - began;
    return { code: error === undefined ? 'OK' : (status[error.code] ?? String(error.code)), details: error?.details ?? '', messages, ms };
  }

  close(): void {
    this.#client.close();
  }

  #ended(
    method: DescMethod,
    parts: readonly Uint8Array[],
    { timeoutMs, hear }: { readonly timeoutMs: number; readonly hear: (message: Uint8Array) => void },
  ): Promise<ServiceError | undefined> {
    const { path, requestStream, responseStream } = methodDefinition(method);
    const options = { deadline: Date.now() + timeoutMs };
    const [only = new Uint8Array()] = parts;
    return new Promise((resolve) => {
      if (!requestStream && !responseStream) {
        this.#client.makeUnaryRequest(path, toBuffer, toBuffer, only, options, (error, message) => {
          if (message !== undefined) hear(message);
          resolve(error ?? undefined);
        });
        return;
      }
      const stream = requestStream
        ? this.#client.makeBidiStreamRequest(path, toBuffer, toBuffer, options)
        : this.#client.makeServerStreamRequest(path, toBuffer, toBuffer, only, options);
      stream.on('data', hear);
      stream.on('error', resolve);
      stream.on('end', () => resolve(undefined));
      if (!(stream instanceof Duplex)) return;
      for (const part of parts) stream.write(part);
      stream.end();
    });
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
