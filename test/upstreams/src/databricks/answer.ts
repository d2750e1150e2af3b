/** A JSON object of the API; integers that are too large for numbers are bigint when they are written, and texts when they are read. */
export type Body = Readonly<Record<string, unknown>>;

/** What the API says no with. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Reads an answer or a request. */
export function parse(text: string): Body {
  const value: unknown = JSON.parse(text, (_key, member: unknown, context?: { readonly source?: string }) =>
    typeof member === 'number' && Number.isInteger(member) && !Number.isSafeInteger(member) ? (context?.source ?? member) : member,
  );
  if (typeof value !== 'object' || value === null) throw new Refusal(400, 'MALFORMED_REQUEST', 'Could not parse request object');
  return { ...value };
}

/** Writes an answer, with ids as the integers that they are. */
export function write(body: Body): string {
  return JSON.stringify(body, (_key, member: unknown) => (typeof member === 'bigint' ? `int64:${member}` : member)).replaceAll(
    /"int64:(\d+)"/g,
    '$1',
  );
}
