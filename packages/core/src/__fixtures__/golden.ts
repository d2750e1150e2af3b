/** Golden messages: literals and task requests as flytekit and flyte-sdk made them. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const bytes = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
const protocol = z.enum(['flyte1', 'flyte2']);

const literalCase = z.object({
  protocol,
  name: z.string(),
  /** An encoded Literal. */
  literal: bytes,
  /** The plain value, where it is a value without MessagePack: see {@link toPlain} of the literals' test. */
  expected: z.unknown().optional(),
  /** The encoded LiteralType that was declared. */
  type: bytes.optional(),
});
const requestCase = z.object({ protocol, name: z.string(), request: bytes });

/** One golden literal. */
export type LiteralCase = z.infer<typeof literalCase>;

export const literalCases: readonly LiteralCase[] = z.array(literalCase).parse(read('literals.json'));
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
