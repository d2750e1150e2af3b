import type { JsonObject, JsonValue } from './literals/model.ts';

/** What stands where a secret was. */
const mark = '[redacted]';
/** Shorter values would take ordinary words out of messages, in characters. */
const shortestSecret = 6;
/** Up to this much is remembered; then the tenth that was handed out longest ago is forgotten. */
const rememberedSecrets = 1000;
/** The same in characters, for long keys: with all the ways to write them. */
const rememberedCharacters = 8 * 1024 * 1024;
/** A line of an encoded key, which also gives something away alone. */
const keyLine = /^[\w+/=-]{16,}$/;

/**
 * Knows the secrets that were handed out, and takes them out of texts: as they are, in URLs, JSON, base64 and hex, and the
 * lines of a key one by one. What is not in a text costs about ten nanoseconds a character to know, however many secrets there are.
 */
export class Redactor {
  /** Every way to write a secret, by secret; the one handed out longest ago is first. */
  readonly #secrets = new Map<string, readonly string[]>();
  /** The same by their first characters, longest first. */
  readonly #byStart = new Map<string, readonly string[]>();
  /** For the hash of four characters, whether anything known begins with such. */
  readonly #filter = new Uint8Array(0x1_0000);
  #characters = 0;

  /** From now on, this value is hidden. */
  hide(value: string): void {
    const secret = value.toWellFormed();
    if (secret.length < shortestSecret) return;
    const known = this.#secrets.get(secret);
    this.#secrets.delete(secret);
    const forms = known ?? formsOf(secret);
    this.#secrets.set(secret, forms);
    if (known !== undefined) return;
    for (const form of forms) this.#add(form);
    if (this.#secrets.size > rememberedSecrets || this.#characters > rememberedCharacters) this.#forget();
  }

  /** A text without any secret: the same text if there was none. */
  redact(text: string): string {
    if (this.#secrets.size === 0) return text;
    let result = '';
    let copiedTo = 0;
    let hash = 0;
    for (let last = 0; last < text.length; last++) {
      hash = ((hash << 4) ^ text.charCodeAt(last)) & 0xffff;
      if (this.#filter[hash] === 0) continue;
      const start = last - 3;
      const length = start < 0 ? 0 : this.#lengthAt(text, start);
      if (length === 0) continue;
      // Secrets that overlap are one gap.
      if (start >= copiedTo) result += `${text.slice(copiedTo, start)}${mark}`;
      copiedTo = Math.max(copiedTo, start + length);
    }
    return copiedTo === 0 ? text : `${result}${text.slice(copiedTo)}`;
  }

  /** How many characters of a secret begin here. */
  #lengthAt(text: string, start: number): number {
    const forms = this.#byStart.get(text.slice(start, start + shortestSecret));
    return forms?.find((form) => text.startsWith(form, start))?.length ?? 0;
  }

  #add(form: string): void {
    this.#characters += form.length;
    const beginning = form.slice(0, shortestSecret);
    const others = this.#byStart.get(beginning) ?? [];
    this.#byStart.set(
      beginning,
      [...others, form].toSorted((a, b) => b.length - a.length),
    );
    let hash = 0;
    for (let index = 0; index < 4; index++) hash = ((hash << 4) ^ form.charCodeAt(index)) & 0xffff;
    this.#filter[hash] = 1;
  }

  #forget(): void {
    for (const oldest of [...this.#secrets.keys()].slice(0, Math.ceil(this.#secrets.size / 10))) this.#secrets.delete(oldest);
    this.#byStart.clear();
    this.#filter.fill(0);
    this.#characters = 0;
    for (const forms of this.#secrets.values()) for (const form of forms) this.#add(form);
  }
}

/** Every way in which a secret may turn up. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n|\\n/).filter((line) => keyLine.test(line));
  const escaped = jsonText(secret);
  const query = new URLSearchParams({ '': secret }).toString().slice(1);
  const forms = [
    ...inUrl(secret),
    query,
    lowerCaseEscapes(query),
    escaped,
    // JSON that is a text in JSON.
    jsonText(escaped),
    ...inBase64(secret),
    Buffer.from(secret).toString('hex'),
    ...lines.flatMap(inUrl),
  ];
  return [...new Set(forms)];
}

function inUrl(text: string): readonly string[] {
  const encoded = encodeURIComponent(text);
  return [text, encoded, lowerCaseEscapes(encoded)];
}

function lowerCaseEscapes(encoded: string): string {
  return encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A secret as base64, and inside of something longer (`user:password`) as base64: without the characters that its neighbours change. */
function inBase64(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const forms = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.byteLength) * 8) / 6));
  });
  forms.push(bytes.toString('base64'));
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))];
}

/** The secrets of this process: agents get theirs from one place, and what they throw and log leaves it at many. */
const redactor = new Redactor();

/** From now on, this value is hidden wherever the server says something. Values of less than six characters are not. */
export function hide(value: string): void {
  redactor.hide(value);
}

/** A text as it may leave the server: with a mark in the place of every secret that was handed out. */
export function redact(text: string): string {
  return redactor.redact(text);
}

/** Whether a secret that was handed out is in a text. */
export function holdsSecret(text: string): boolean {
  return redact(text) !== text;
}

/** JSON with a mark in the place of every secret in its texts and keys. */
export function redactJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? value.map(redactJson) : redactObject(value);
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The same for what certainly is an object. */
export function redactObject(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [redact(key), redactJson(each)]));
}
