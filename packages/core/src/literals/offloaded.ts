import { AgentError } from '../errors.ts';
import { invalid } from './invalid.ts';
import type { Literal, LiteralMap } from './model.ts';

/** Reads objects whole. */
export interface ObjectReader {
  /** @throws AgentError OUT_OF_RANGE when it is larger than `maxBytes` */
  read(url: string, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<Uint8Array>;
}

/** What loading offloaded values takes. */
export interface LoadOptions {
  readonly store: ObjectReader;
  readonly signal: AbortSignal;
  /** How much is loaded for one task, in bytes. Default 10 MiB. */
  readonly maxBytes?: number | undefined;
}

const usualMaxBytes = 10 * 1024 * 1024;
/** How many objects are read for one task. */
const mostObjects = 100;
/** How often what is loaded may itself say that it is elsewhere. */
const longestChain = 3;

type Decode = (bytes: Uint8Array, path: string) => Literal;
type Offloaded = Extract<Literal, { readonly kind: 'offloaded' }>;

/**
 * The engine keeps large values in its object store and sends where they are. Gives inputs with the values themselves; one
 * that cannot be read stays as it is, with the reason.
 *
 * @throws AgentError a fault that passes: the store does not answer
 */
export async function loadOffloaded(inputs: LiteralMap, decode: Decode, options: LoadOptions): Promise<LiteralMap> {
  const loading = new Loading(decode, options);
  return new Map(
    await Promise.all([...inputs].map(async ([name, literal]) => [name, await loading.value(literal, `input ${name}`, 0)] as const)),
  );
}

/** The loading of one task's inputs. */
class Loading {
  readonly #decode: Decode;
  readonly #options: LoadOptions & { readonly maxBytes: number };
  #bytesLeft: number;
  #objectsLeft = mostObjects;

  constructor(decode: Decode, { maxBytes = usualMaxBytes, ...options }: LoadOptions) {
    this.#decode = decode;
    this.#options = { ...options, maxBytes };
    this.#bytesLeft = maxBytes;
  }

  /** The literal with its offloaded parts in their places. */
  async value(literal: Literal, path: string, chain: number): Promise<Literal> {
    if (!isOffloaded(literal)) return literal;
    switch (literal.kind) {
      case 'offloaded':
        return this.#loaded(literal, path, chain);
      case 'collection':
        return {
          ...literal,
          items: await Promise.all(literal.items.map(async (item, index) => this.value(item, `${path}[${index}]`, chain))),
        };
      case 'map': {
        const entries = [...literal.entries].map(async ([key, item]) => [key, await this.value(item, `${path}.${key}`, chain)] as const);
        return { ...literal, entries: new Map(await Promise.all(entries)) };
      }
      case 'union':
        return { ...literal, value: await this.value(literal.value, path, chain) };
      default:
        return literal;
    }
  }

  async #loaded(literal: Offloaded, path: string, chain: number): Promise<Literal> {
    try {
      const { store, signal } = this.#options;
      const bytes = await store.read(literal.uri, { maxBytes: this.#reserve(literal, path, chain), signal });
      return await this.value(this.#decode(bytes, path), path, chain + 1);
    } catch (error) {
      const fault = AgentError.from(error);
      if (fault.passes) throw fault;
      const { code, origin, message } = fault;
      return {
        ...literal,
        fault: new AgentError({
          code,
          origin,
          message: `${path}: is offloaded to ${literal.uri}, which cannot be read: ${message}`,
          cause: fault,
        }),
      };
    }
  }

  /** How many bytes may be read: those that were announced. @throws AgentError when that is more than is left */
  #reserve({ sizeBytes }: Offloaded, path: string, chain: number): number {
    if (chain >= longestChain) throw invalid(path, `expected a value, got ${longestChain} times only where it is`);
    if (--this.#objectsLeft < 0) throw invalid(path, `expected at most ${mostObjects} offloaded values, got more`);
    const size = sizeBytes === 0n ? this.#bytesLeft : Number(sizeBytes);
    if (size > this.#bytesLeft) {
      throw invalid(path, `expected at most ${this.#options.maxBytes} bytes in all that is offloaded, got ${sizeBytes} bytes here`);
    }
    this.#bytesLeft -= size;
    return size;
  }
}

/** Whether a literal, or a part of it, is kept in an object store. */
export function isOffloaded(literal: Literal): boolean {
  switch (literal.kind) {
    case 'offloaded':
      return true;
    case 'collection':
      return literal.items.some(isOffloaded);
    case 'map':
      return [...literal.entries.values()].some(isOffloaded);
    case 'union':
      return isOffloaded(literal.value);
    default:
      return false;
  }
}
