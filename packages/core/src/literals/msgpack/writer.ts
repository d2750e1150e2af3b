import { invalid } from '../invalid.ts';
import { largestMsgpack } from './limits.ts';

/** Bytes that grow. A mark says what comes after it; numbers have their first byte first. */
export class Writer {
  readonly #path: string;
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** @param path names the value in errors */
  constructor(path: string) {
    this.#path = path;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#buffer.subarray(0, this.#length));
  }

  append(bytes: Uint8Array): void {
    const at = this.#take(bytes.byteLength);
    this.#buffer.set(bytes, at);
  }

  mark(mark: number): void {
    const at = this.#take(1);
    this.#buffer.writeUInt8(mark, at);
  }

  unsigned(mark: number, value: number, size: 1 | 2 | 4): void {
    const at = this.#marked(mark, size);
    this.#buffer.writeUIntBE(value, at, size);
  }

  signed(mark: number, value: number, size: 1 | 2 | 4): void {
    const at = this.#marked(mark, size);
    this.#buffer.writeIntBE(value, at, size);
  }

  unsigned64(mark: number, value: bigint): void {
    const at = this.#marked(mark, 8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  signed64(mark: number, value: bigint): void {
    const at = this.#marked(mark, 8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  float64(mark: number, value: number): void {
    const at = this.#marked(mark, 8);
    this.#buffer.writeDoubleBE(value, at);
  }

  #marked(mark: number, size: number): number {
    this.mark(mark);
    return this.#take(size);
  }

  /** Where the next bytes go; there is room for them then. @throws AgentError INVALID_ARGUMENT when they are too many */
  #take(size: number): number {
    const start = this.#length;
    this.#length += size;
    if (this.#length > largestMsgpack) throw invalid(this.#path, `expected at most ${largestMsgpack} bytes of MessagePack, got more`);
    if (this.#length > this.#buffer.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#buffer.byteLength));
      larger.set(this.#buffer.subarray(0, start));
      this.#buffer = larger;
    }
    return start;
  }
}
