import { addAbortSignal, type Readable } from 'node:stream';
import { checkSize } from './fault.ts';
import type { ObjectLocation } from './location.ts';
import type { ReadOptions } from './service.ts';

/**
 * The whole of a stream, which is ended when there is too much of it or nobody waits any more.
 *
 * @throws AgentError OUT_OF_RANGE when there is more than may be read; else the stream's error
 */
export async function readAll(stream: Readable, location: ObjectLocation, { maxBytes, signal }: ReadOptions): Promise<Uint8Array> {
  addAbortSignal(signal, stream);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A stream of bytes; leaving the loop destroys it.
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    checkSize(size, maxBytes, location);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
