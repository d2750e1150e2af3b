import { FlyteDatetime, FlyteDuration } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import connector from '../__fixtures__/python-connector.json' with { type: 'json' };
import { toBatch } from './batch.ts';
import { hasBindings, toBound } from './bindings.ts';
import { renderStatement, type Value } from './render.ts';

/** A value of the table, which Python wrote. */
function fromTable(value: unknown): Value {
  if (typeof value !== 'object' || value === null) return null;
  const [[kind, content] = []] = Object.entries(value);
  if (kind === 'boolean' && typeof content === 'boolean') return content;
  if (kind === 'list' && Array.isArray(content)) return content.map(fromTable);
  if (kind === 'dict') return { k: 1n };
  const text = String(content);
  if (kind === 'integer') return BigInt(text);
  if (kind === 'float') return Number(text);
  if (kind === 'datetime')
    return new FlyteDatetime(BigInt(Math.floor(Date.parse(text) / 1000)), Number(/\.(\d{6})/.exec(text)?.[1] ?? 0) * 1000);
  if (kind === 'durationMicros') return new FlyteDuration(BigInt(text) / 1_000_000n, Number(BigInt(text) % 1_000_000n) * 1000);
  return text;
}

function values(table: object): ReadonlyMap<string, Value> {
  return new Map(Object.entries(table).map(([name, value]) => [name, fromTable(value)]));
}

/** What flytekit and Flyte cannot send: times with another zone, and dates, which come as datetimes. What fails in Snowflake is refused. */
const others: Readonly<Record<string, string | RegExp>> = {
  'datetime offset': "'2026-01-02 08:34:05+00:00'",
  nan: /input a: nan is no number/,
  'positional placeholder with named params': /"%s" is no placeholder/,
};

const refused = connector.rendering.filter(({ case: name, rejected }) => rejected === true || others[name] instanceof RegExp);
const rendered = connector.rendering.filter((each) => !refused.includes(each));

test.each(rendered)('SF6: as in Python, $case', ({ case: name, template, values: table, sql }) => {
  expect(renderStatement(template, values(table))).toBe(others[name] ?? sql);
});

test.each(refused)('SF6: as in Python or in Snowflake, $case is refused', ({ case: name, template, values: table }) => {
  expect(() => renderStatement(template, values(table))).toThrow(others[name] ?? /is no input of the task|expected text, a number/);
});

test.each([
  ['%(a)d', '%(a)d is no placeholder'],
  ["LIKE '10%'", 'is no placeholder'],
  ['%(b)s', '%(b)s is no input'],
])('SF6: %s is refused, as Python refuses it', (template, message) => {
  expect(() => renderStatement(template, new Map([['a', 1n]]))).toThrow(message);
});

test('SF6: U+0000 and infinities are refused before Snowflake refuses them', () => {
  expect(() => renderStatement('%(a)s', new Map([['a', 'x\0']]))).toThrow('U+0000');
  expect(() => renderStatement('%(a)s', new Map([['a', Infinity]]))).toThrow('inf is no number');
});

test('SF6: lengths of time print as in Python, below nothing too', () => {
  const durations = new Map([
    ['a', new FlyteDuration(-1n, -500_000_000)],
    ['b', new FlyteDuration(3n)],
  ]);
  expect(renderStatement('%(a)s %(b)s', durations)).toBe("'-1:59:58.500000' '00:00:03'");
});

test.each(connector.batch.filter(({ statement }) => statement !== undefined))('SF15: as in Python, $template with $inputs', (row) => {
  const { statement, values: expanded } = toBatch(row.template, values(row.inputs));
  expect(statement).toBe(row.statement);
  expect(Object.fromEntries(expanded)).toMatchObject(Object.fromEntries(values(row.values ?? {})));
});

test.each(connector.batch.filter(({ statement }) => statement === undefined))(
  'SF15: as in Python, $template with $inputs is refused',
  (row) => {
    expect(() => toBatch(row.template, values(row.inputs))).toThrow(row.message);
  },
);

test('SF15: parentheses in texts and functions do not end a row, and an input that is no list is refused', () => {
  const rows = new Map([['a', ['x', 'y']]]);
  const { statement } = toBatch("insert into t values (UPPER(%(a)s), ')', 'it''s)') on", rows);
  expect(statement).toBe("insert into t VALUES (UPPER(%(a_0)s), ')', 'it''s)'), (UPPER(%(a_1)s), ')', 'it''s)') on");
  expect(() => toBatch('insert into t values (%(a)s)', new Map([['a', 1n]]))).toThrow('Batch input a must be a list.');
  expect(() => toBatch('insert into t values (%(a)s', rows)).toThrow('VALUES (...) clause');
});

test('SF6: inputs that a statement names as :name go beside it, with their types', () => {
  const given = new Map<string, Value>([
    ['n', 9_007_199_254_740_993n],
    ['r', 0.25],
    ['t', "O'Brien"],
    ['b', true],
    ['none', null],
    ['at', new FlyteDatetime(1_767_323_045n, 678_901_000)],
    ['ids', [1n, 2n]],
  ]);
  const sql =
    'SELECT \':n\', "a:n", v:n, x::r, $$:n$$ /* :n */ FROM t WHERE n = :n AND r > :r AND t = :t AND b = :b AND z IS :none AND at < :at AND id IN (:ids) -- :n';
  expect(hasBindings(sql, given)).toBe(true);
  const { statement, bindings } = toBound(sql, given);
  expect(statement).toBe(
    'SELECT \':n\', "a:n", v:n, x::r, $$:n$$ /* :n */ FROM t WHERE n = ? AND r > ? AND t = ? AND b = ? AND z IS ? AND at < ? AND id IN (?, ?) -- :n',
  );
  expect(bindings).toEqual({
    1: { type: 'FIXED', value: '9007199254740993' },
    2: { type: 'REAL', value: '0.25' },
    3: { type: 'TEXT', value: "O'Brien" },
    4: { type: 'BOOLEAN', value: 'true' },
    5: { type: 'TEXT', value: null },
    6: { type: 'TIMESTAMP_TZ', value: '1767323045678901000 1440' },
    7: { type: 'FIXED', value: '1' },
    8: { type: 'FIXED', value: '2' },
  });
  expect(hasBindings("SELECT v:n, ':n'", given)).toBe(false);
});
