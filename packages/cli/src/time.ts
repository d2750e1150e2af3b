import { FlyteDatetime, FlyteDuration } from '@flyte-agents/core';

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const second = 1_000_000_000n;

/** A length of time as people write it: `90s`, `1h30m`, `250ms`; a number without a unit is seconds. `undefined` for anything else. */
export function parseDuration(text: string): FlyteDuration | undefined {
  const [, sign, length] = /^([+-])?((?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d))+|\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (length === undefined) return undefined;
  const parts = [...length.matchAll(/(\d+)(?:\.(\d+))?([a-z]+)?/g)];
  const nanos = parts.reduce((sum, [, whole = '', fraction = '', unit = 's']) => sum + toNanos(whole, fraction, unit), 0n);
  const signed = sign === '-' ? -nanos : nanos;
  return new FlyteDuration(signed / second, Number(signed % second));
}

/** What is smaller than a nanosecond is cut off. */
function toNanos(whole: string, fraction: string, unit: string): bigint {
  return (BigInt(whole + fraction) * (unitNanos[unit] ?? 0n)) / 10n ** BigInt(fraction.length);
}

/** A point in time in ISO 8601: `2026-11-21T10:00:00.5+01:00`, `2026-11-21`. Without an offset it is UTC. `undefined` for anything else. */
export function parseDatetime(text: string): FlyteDatetime | undefined {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i;
  const [, day, minute = '00:00', seconds = '00', fraction = '', offset = 'Z'] = form.exec(text) ?? [];
  if (day === undefined) return undefined;
  const colon = offset.replace(/^(.\d\d)(\d\d)$/, '$1:$2').toUpperCase();
  const milliseconds = Date.parse(`${day}T${minute}:${seconds}${colon}`);
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(milliseconds) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return undefined;
  return new FlyteDatetime(BigInt(milliseconds) / 1000n, Number(fraction.padEnd(9, '0')));
}
