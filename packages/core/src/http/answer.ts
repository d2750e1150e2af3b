import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { tooLarge, unavailable } from './fault.ts';
import { nodeHttp } from './node-http.ts';
import type { Request } from './request.ts';

/** How many headers an answer may have; Node bounds how large they may be altogether: 16 KiB. */
const maxHeaders = 100;
/** The largest window that a zstd answer may ask for is 8 MiB (RFC 9659): the default would let it ask for 128 MiB. */
const zstdWindowLog = 23;

/** Sends a request on a connection of its own, and gives the answer when its headers are there. */
export async function send({ url, method, headers, body }: Request, socket: Socket, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = nodeHttp.request({
    createConnection: () => socket,
    setHost: false,
    method,
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      ...Object.fromEntries(headers),
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': body.byteLength }),
    },
    signal,
  });
  request.maxHeadersCount = maxHeaders + 1;
  request.on('response', resolve);
  request.on('error', reject);
  request.on('upgrade', () => reject(unavailable('it answers with a protocol that nobody asked for')));
  request.end(body);
  const response = await promise;
  if (response.rawHeaders.length / 2 > maxHeaders) throw tooLarge(`the answer has more than ${maxHeaders} headers`);
  return response;
}

/** What was read of an answer's body. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Whether there was more. */
  readonly isCut: boolean;
}

/** Reads the body, decoded if it is in one known encoding. Neither what comes nor what it decodes to is read beyond the limit. */
export async function readBody(response: IncomingMessage, maxBytes: number): Promise<Body> {
  const overLimit = new Error('more than may be read');
  const body = new Growing(maxBytes);
  let received = 0;
  async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      received += chunk.byteLength;
      if (received > maxBytes) throw overLimit;
      yield chunk;
    }
  }
  const decoder = decoderOf(response.headers['content-encoding']);
  try {
    // The decoder hands on every error to whoever reads from it.
    const chunks: AsyncIterable<Uint8Array> = decoder === undefined ? response : pipeline(response, counted, decoder, () => {});
    for await (const chunk of chunks) if (!body.add(chunk)) return { bytes: body.bytes, isCut: true };
  } catch (error) {
    if (error === overLimit) return { bytes: body.bytes, isCut: true };
    // Decoders take nothing at all for something cut off, but that is what HEAD is answered with.
    if (!response.complete || received > 0) throw error;
  }
  return { bytes: body.bytes, isCut: false };
}

/** Other encodings, and several on top of each other, are left to the caller. */
function decoderOf(encoding: string | undefined): Duplex | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } });
    default:
      return undefined;
  }
}

/** Bytes that come in parts. Copied, for many small parts would each keep a whole buffer of the network alive. */
class Growing {
  readonly #limit: number;
  #room: Uint8Array;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#room = new Uint8Array(Math.min(limit, 4096));
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  /** Whether all of the part was taken. */
  add(part: Uint8Array): boolean {
    const taken = part.subarray(0, this.#limit - this.#length);
    const length = this.#length + taken.byteLength;
    if (length > this.#room.byteLength) {
      const room = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * this.#room.byteLength)));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(taken, this.#length);
    this.#length = length;
    return taken.byteLength === part.byteLength;
  }
}
