/** What a reference says, as far as the model compares it. */
export interface ReadReference {
  readonly key: string;
  readonly kind: 'ref' | 'pending' | 'failure' | 'result' | 'done' | 'other';
  /** Everything but the time of the answer. */
  readonly text: string;
  /** The agent's own part, if there is one. */
  readonly own: string | undefined;
}

/** Reads a reference that the server wrote; what it cannot read is `other`. */
export function readReference(bytes: Uint8Array): ReadReference {
  const text = Buffer.from(bytes).toString();
  const value = toObject(text);
  if (value === undefined) return { key: '', kind: 'other', text, own: undefined };
  const { at: _at, ...rest } = value;
  const kind = (['ref', 'pending', 'failure', 'result', 'done'] as const).find((name) => name in rest) ?? 'other';
  return {
    key: typeof value['key'] === 'string' ? value['key'] : '',
    kind,
    text: JSON.stringify(rest),
    own: kind === 'ref' ? JSON.stringify(rest['ref']) : undefined,
  };
}

function toObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
