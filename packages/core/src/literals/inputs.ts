import { toValue, unreadable } from './decode.ts';
import { invalid } from './invalid.ts';
import type { FlyteDatetime, FlyteDuration, JsonValue, Literal, LiteralMap } from './model.ts';
import { kindName } from './names.ts';
import { loadOffloaded, type LoadOptions } from './offloaded.ts';
import { toJson, toSafeInteger } from './plain-json.ts';
import type { Value } from './value.ts';

/** A literal that has a value of its own: no union around it, not none, not a failure. */
export type PresentLiteral = Exclude<Literal, { readonly kind: 'union' | 'none' | 'error' | 'offloaded' }>;

/** How inputs that are still bytes are read. */
export interface EncodedInputs {
  /** In bytes. */
  readonly byteLength: number;
  /** Decodes them; an AgentError it throws reaches whoever reads first. */
  readonly decode: () => LiteralMap;
  /** Whether a value in them is offloaded, found without decoding them. */
  readonly hasOffloaded: () => boolean;
  /** Decodes the literal in an object to which one was offloaded. @throws AgentError when there is none */
  readonly decodeObject: (bytes: Uint8Array, path: string) => Literal;
}

/**
 * A task's inputs, decoded when somebody first reads them: a list of 60,000 numbers costs nothing in a call that does not
 * look at it. An absent input is not the same as none, but means the same to the methods here.
 */
export class Inputs {
  /** The size of the encoded inputs in bytes. */
  readonly byteLength: number;
  readonly #encoded: EncodedInputs | undefined;
  #literals: LiteralMap | undefined;

  private constructor(byteLength: number, content: EncodedInputs | LiteralMap) {
    this.byteLength = byteLength;
    if ('decode' in content) this.#encoded = content;
    else this.#literals = content;
  }

  /** Inputs that are still bytes. */
  static encoded(inputs: EncodedInputs): Inputs {
    return new Inputs(inputs.byteLength, inputs);
  }

  /** Inputs that are at hand already. @param byteLength what they took when they were encoded */
  static of(literals: LiteralMap, byteLength: number = 0): Inputs {
    return new Inputs(byteLength, literals);
  }

  /** All inputs by name. */
  get literals(): LiteralMap {
    return (this.#literals ??= this.#encoded?.decode() ?? new Map());
  }

  /** Whether one of them, or a part of one, was put into an object store by the engine, and is to be loaded first. */
  get hasOffloaded(): boolean {
    return this.#encoded?.hasOffloaded() ?? false;
  }

  /**
   * These inputs with what was offloaded in its place. What cannot be read stays where it is, and says why when an agent
   * reads it: many agents only hand inputs on.
   *
   * @throws AgentError a fault that passes: the store does not answer
   */
  async loaded(options: LoadOptions): Promise<Inputs> {
    if (this.#encoded === undefined || !this.hasOffloaded) return this;
    return Inputs.of(await loadOffloaded(this.literals, this.#encoded.decodeObject, options), this.byteLength);
  }

  /**
   * The input of this name with unions opened, or `undefined` when it is absent or none.
   *
   * @throws AgentError INVALID_ARGUMENT when it is an error or was not loaded
   */
  literal(name: string): PresentLiteral | undefined {
    let literal = this.literals.get(name);
    while (literal?.kind === 'union') literal = literal.value;
    if (literal?.kind === 'error' || literal?.kind === 'offloaded') throw unreadable(literal, `input ${name}`);
    return literal?.kind === 'none' ? undefined : literal;
  }

  /** The input as plain JavaScript, or `undefined` when it is absent or none. @throws AgentError INVALID_ARGUMENT when it cannot be read */
  value(name: string): Value | undefined {
    const literal = this.literal(name);
    return literal && toValue(literal, `input ${name}`);
  }

  /** The input as JSON, or `undefined` when it is absent or none. @throws AgentError INVALID_ARGUMENT for what JSON cannot hold */
  json(name: string): JsonValue | undefined {
    const literal = this.literal(name);
    return literal && toJson(literal, `input ${name}`);
  }

  /** @throws AgentError INVALID_ARGUMENT when it is absent, none or something else */
  string(name: string): string {
    const literal = this.literal(name);
    return literal?.kind === 'string' ? literal.value : mismatch(name, 'a string', literal);
  }

  /** @throws AgentError INVALID_ARGUMENT when it is absent, none or something else */
  boolean(name: string): boolean {
    const literal = this.literal(name);
    return literal?.kind === 'boolean' ? literal.value : mismatch(name, 'a boolean', literal);
  }

  /** An integer of 64 bits, also when it came as a float without a fraction. @throws AgentError INVALID_ARGUMENT when it is none */
  integer(name: string): bigint {
    const literal = this.literal(name);
    if (literal?.kind === 'float' && Number.isSafeInteger(literal.value)) return BigInt(literal.value);
    return literal?.kind === 'integer' ? literal.value : mismatch(name, 'an integer', literal);
  }

  /** A float, or an integer that a number holds exactly. @throws AgentError INVALID_ARGUMENT when it is neither */
  number(name: string): number {
    const literal = this.literal(name);
    if (literal?.kind === 'integer') return toSafeInteger(literal.value, `input ${name}`);
    return literal?.kind === 'float' ? literal.value : mismatch(name, 'a number', literal);
  }

  /** @throws AgentError INVALID_ARGUMENT when it is absent, none or something else */
  datetime(name: string): FlyteDatetime {
    const literal = this.literal(name);
    return literal?.kind === 'datetime' ? literal.value : mismatch(name, 'a datetime', literal);
  }

  /** @throws AgentError INVALID_ARGUMENT when it is absent, none or something else */
  duration(name: string): FlyteDuration {
    const literal = this.literal(name);
    return literal?.kind === 'duration' ? literal.value : mismatch(name, 'a duration', literal);
  }

  /** Where a file, a folder, a dataset or a schema is. @throws AgentError INVALID_ARGUMENT when it is none of them */
  uri(name: string): string {
    const literal = this.literal(name);
    if (literal?.kind === 'blob' || literal?.kind === 'dataset' || literal?.kind === 'schema') return literal.uri;
    return mismatch(name, 'a file, folder or dataset', literal);
  }
}

function mismatch(name: string, expected: string, literal: Literal | undefined): never {
  throw invalid(`input ${name}`, `expected ${expected}, got ${got(literal)}`);
}

function got(literal: Literal | undefined): string {
  if (literal === undefined) return 'nothing';
  return literal.kind === 'float' ? `the float ${literal.value}` : kindName(literal);
}
