/**
 * Reads JSON in which integers may be larger than JavaScript's numbers hold, as the ids of runs are: those become texts of
 * their digits.
 *
 * @throws SyntaxError when it is not JSON
 */
export function parseJson(text: string): unknown {
  // The third argument is newer than TypeScript's libraries; Node has had it since 21.
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
  });
}

/** Writes an object as JSON, with ids out of texts of digits as the integers that they are. */
export function writeJson(ids: Readonly<Record<string, string>>, rest: object = {}): string {
  const members = Object.entries(ids).map(([name, digits]) => `${JSON.stringify(name)}:${digits}`);
  const others = JSON.stringify(rest).slice(1, -1);
  return `{${[...members, ...(others === '' ? [] : [others])].join(',')}}`;
}
