import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** How much of a secret is as bad as all of it, in characters from its beginning or its end. */
const telling = 12;
/** Longer than any answer that an engine takes. */
const inspection = { depth: 12, maxArrayLength: null, maxStringLength: null, breakLength: Infinity, showHidden: false } as const;

/** A secret that was found where it must not be. */
export interface Leak {
  /** Which secret: the name it was made with. */
  readonly secret: string;
  /** How it was written: `plain` also stands for percent signs and JSON escapes. */
  readonly encoding: 'plain' | 'base64' | 'hex';
  /** Where it was found. */
  readonly place: string;
}

/**
 * Secrets that nobody can guess, to be given to an agent, and a nose for them: whole or in telling parts, in any letter case,
 * as they are, escaped as in URLs and JSON, or as base64 (at any offset), base64url or hex.
 */
export class Canaries {
  readonly #secrets: { readonly name: string; readonly value: string; readonly traces: readonly Trace[] }[] = [];

  /** A new secret. @param name for the report of a leak */
  make(name: string): string {
    // Letters and digits only: neither a URL nor JSON nor a shell writes them another way.
    const value = `canary${randomBytes(20).toString('hex')}`;
    this.#secrets.push({ name, value, traces: toTraces(value) });
    return value;
  }

  /** Whether any secret was made. */
  get isEmpty(): boolean {
    return this.#secrets.length === 0;
  }

  /** The secrets in a text, in bytes (also as text), or anywhere in an object, an error and its causes. */
  find(value: unknown, place: string): readonly Leak[] {
    if (this.isEmpty) return [];
    const written = toTexts(value);
    const texts = [...written, ...written.map(unescaped).filter((text, index) => text !== written[index])];
    return this.#secrets.flatMap(({ name, traces }) =>
      traces.filter(({ isIn }) => texts.some(isIn)).map(({ encoding }) => ({ secret: name, encoding, place })),
    );
  }
}

interface Trace {
  readonly encoding: Leak['encoding'];
  readonly isIn: (text: string) => boolean;
}

function toTraces(secret: string): Trace[] {
  const parts = [secret.slice('canary'.length, 'canary'.length + telling), secret.slice(-telling)];
  const plain = parts.map((part) => part.toLowerCase());
  const hex = parts.map((part) => Buffer.from(part).toString('hex'));
  const base64 = parts.flatMap((part) => alignments(part));
  return [
    { encoding: 'plain', isIn: (text) => plain.some((part) => text.toLowerCase().includes(part)) },
    { encoding: 'hex', isIn: (text) => hex.some((part) => text.toLowerCase().includes(part)) },
    { encoding: 'base64', isIn: (text) => base64.some((part) => text.replaceAll('-', '+').replaceAll('_', '/').includes(part)) },
  ];
}

/** A text inside a longer one, as base64: three forms, without the characters that its neighbours change. */
function alignments(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'\0'.repeat(offset)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + text.length) * 8) / 6));
  });
}

/** A text without its percent signs and JSON escapes, however often it was escaped. */
function unescaped(text: string): string {
  const plain = text.replaceAll(/%([0-9a-f]{2})|\\+u00([0-9a-f]{2})/gi, (_escape, percent: string | undefined, json: string = '') =>
    String.fromCharCode(Number.parseInt(percent ?? json, 16)),
  );
  return plain === text ? text : unescaped(plain);
}

function toTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')];
  return [inspect(value, inspection)];
}
