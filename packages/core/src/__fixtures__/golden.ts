/** Golden messages: literals and task requests as flytekit and flyte-sdk made them. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { JsonValue } from '../literals/model.ts';

const bytes = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
/** Taken as it is: a record of zod's loses the key `__proto__`. */
const json = z.custom<JsonValue>((value) => value !== undefined).optional();
const protocol = z.enum(['flyte1', 'flyte2']);

const literalCase = z.object({
  protocol,
  name: z.string(),
  /** An encoded Literal. */
  literal: bytes,
  /** The plain value, as `tagged.ts` writes it; absent where there is none. */
  expected: json,
  /** The encoded LiteralType that was declared. */
  type: bytes.optional(),
  /** What flytekit puts into a text for it; absent where it fails. */
  text: z.string().optional(),
});
/** Named values: flyte-sdk's Inputs and Outputs. */
const namedCase = z.object({ protocol, name: z.string(), bytes, expected: json });
const requestCase = z.object({ protocol, name: z.string(), request: bytes });
/** A literal, and what Python prints of flytekit's plain value of it. */
const textCase = z.object({ literal: bytes, text: z.string() });

/** One golden literal. */
export type LiteralCase = z.infer<typeof literalCase>;

export const literalCases: readonly LiteralCase[] = z.array(literalCase).parse(read('literals.json'));
export const namedCases: readonly z.infer<typeof namedCase>[] = z.array(namedCase).parse(read('named-literals.json'));
export const textCases: readonly z.infer<typeof textCase>[] = z.array(textCase).parse(read('python-text.json'));
const requestCases = z.array(requestCase).parse(read('requests.json'));

/** The bytes of a golden CreateTaskRequest. */
export function goldenRequest(name: string): Uint8Array {
  const found = requestCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no golden request ${name}`);
  return found.request;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}
