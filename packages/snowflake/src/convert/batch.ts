import { AgentError } from '@flyte-agents/core';
import { isList, type Value } from './render.ts';

/** A statement with the rows of a batch in it. */
export interface Batch {
  readonly statement: string;
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * An INSERT with a row for each place of the inputs' lists, as flyte-sdk's connector has it: the first `VALUES (…)` is
 * repeated, with `%(name_0)s` for `%(name)s`.
 *
 * @throws AgentError INVALID_ARGUMENT in that connector's words
 */
export function toBatch(statement: string, values: ReadonlyMap<string, Value>): Batch {
  const lists = new Map([...values].map(([name, value]) => [name, toList(name, value)]));
  const lengths = new Set([...lists.values()].map((list) => list.length));
  if (lengths.size > 1) throw invalid('All batch input lists must have the same length.');
  const [rows = 0] = lengths;
  if (rows === 0) throw invalid('Batch inputs must contain at least one row.');
  const { before, group, after } = findValues(statement);
  const indexes = Array.from({ length: rows }, (_row, index) => index);
  const groups = indexes.map((index) => group.replaceAll(/%\(([^)]+)\)s/g, (_text, name: string) => `%(${name}_${index})s`));
  const rowValues = indexes.flatMap((index) =>
    [...lists].map(([name, list]): [string, Value] => [`${name}_${index}`, list[index] ?? null]),
  );
  return { statement: `${before}VALUES ${groups.join(', ')}${after}`, values: new Map([...values, ...rowValues]) };
}

function toList(name: string, value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw invalid(`Batch input ${name} must be a list.`);
}

/** The only `VALUES (…)` of a statement, its parentheses paired. */
function findValues(statement: string): { readonly before: string; readonly group: string; readonly after: string } {
  const [first, second] = [...statement.matchAll(/\bVALUES\s*\(/gi)];
  if (first === undefined) throw invalid('Batch inputs require a query template with a VALUES (...) clause.');
  if (second !== undefined) throw invalid('Batch query expansion supports exactly one VALUES (...) clause.');
  const start = first.index + first[0].length - 1;
  let depth = 0;
  // Parentheses in texts are none.
  for (const { 0: token, index } of statement.slice(start).matchAll(/'(?:[^'\\]|\\.|'')*'|[()]/gs)) {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    if (depth > 0) continue;
    const end = start + index + 1;
    return { before: statement.slice(0, first.index), group: statement.slice(start, end), after: statement.slice(end) };
  }
  throw invalid('Batch inputs require a query template with a VALUES (...) clause.');
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
