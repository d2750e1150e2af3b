import { AgentError } from '../errors.ts';
import type { Literal, LiteralMap } from './model.ts';
import { kindName } from './text.ts';

const none: LiteralMap = new Map();

/**
 * A task's inputs, decoded when somebody first reads them: a list of 60,000 numbers costs nothing in a call that does not
 * look at it. An absent input is not the same as none.
 */
export class Inputs {
  /** The size of the encoded inputs in bytes. */
  readonly byteLength: number;
  #read: (() => LiteralMap) | undefined;
  #literals: LiteralMap = none;

  /** @param read decodes the inputs; an AgentError it throws reaches whoever reads first */
  constructor(byteLength: number, read: () => LiteralMap) {
    this.byteLength = byteLength;
    this.#read = read;
  }

  /** Inputs that are at hand already. */
  static of(literals: LiteralMap): Inputs {
    return new Inputs(0, () => literals);
  }

  /** All inputs by name. */
  get literals(): LiteralMap {
    if (this.#read !== undefined) {
      this.#literals = this.#read();
      this.#read = undefined;
    }
    return this.#literals;
  }

  /** The input of this name with unions opened, or `undefined` when it is absent or none. */
  value(name: string): Exclude<Literal, { kind: 'union' | 'none' }> | undefined {
    let literal = this.literals.get(name);
    while (literal?.kind === 'union') literal = literal.value;
    return literal?.kind === 'none' ? undefined : literal;
  }

  /**
   * The string input of this name.
   *
   * @throws AgentError INVALID_ARGUMENT when it is absent, none or something else
   */
  string(name: string): string {
    const literal = this.value(name);
    if (literal?.kind === 'string') return literal.value;
    const found = literal === undefined ? 'nothing' : kindName(literal);
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `input ${name}: expected a string, got ${found}` });
  }
}
