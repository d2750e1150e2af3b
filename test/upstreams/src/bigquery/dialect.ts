import { toExpression, type QueryParameter } from './parameters.ts';

/**
 * BigQuery's SQL as DuckDB's, as far as the two differ in what tests and the tour say: names in backticks, names of types,
 * parameters, and `UNNEST`. What is left DuckDB must understand.
 */
export function toDuckDb(sql: string, parameters: readonly QueryParameter[]): string {
  const byName = new Map(parameters.map((parameter) => [parameter.name?.toLowerCase(), parameter]));
  let position = 0;
  const translated = tokens(sql).map((token) => {
    if (token.startsWith('`')) return toName(token.slice(1, -1));
    if (token === '?') return expressionOf(parameters[position++], 'of this position');
    if (token.startsWith('@')) return expressionOf(byName.get(token.slice(1).toLowerCase()), token);
    if (/^["']/.test(token)) return `'${unescape(token.slice(1, -1)).replaceAll("'", "''")}'`;
    // A number with a point is a FLOAT64, not a decimal.
    if (/^\d+\.\d+$/.test(token)) return `CAST(${token} AS DOUBLE)`;
    if (token.startsWith('#')) return `--${token.slice(1)}`;
    return types[token.toUpperCase()] ?? token;
  });
  return withUnnest(translated.join(''));
}

/** The statements of a script. */
export function toStatements(sql: string): readonly string[] {
  const statements = [''];
  for (const token of tokens(sql)) {
    if (token === ';') statements.push('');
    else statements.push((statements.pop() ?? '') + token);
  }
  return statements
    .map((statement) => statement.trim())
    .filter((statement) => tokens(statement).some((token) => !/^(\s|--|#|\/\*)/.test(token)));
}

/** What a statement does: `SELECT`, `INSERT`, `CREATE_TABLE`. */
export function toStatementType(sql: string): string {
  const words = tokens(sql)
    .filter((token) => /^\w/.test(token))
    .map((token) => token.toUpperCase());
  const [first = '', ...rest] = words.filter((word) => !['OR', 'REPLACE', 'TEMP', 'TEMPORARY'].includes(word));
  if (first === 'WITH') return 'SELECT';
  if (first !== 'CREATE' && first !== 'DROP') return first;
  const isAsSelect = first === 'CREATE' && rest[0] === 'TABLE' && rest.includes('AS');
  return `${first}_${rest[0] ?? ''}${isAsSelect ? '_AS_SELECT' : ''}`;
}

const types: Readonly<Record<string, string>> = {
  BIGNUMERIC: 'DECIMAL(38,18)',
  BYTES: 'BLOB',
  DATETIME: 'TIMESTAMP',
  FLOAT64: 'DOUBLE',
  INT64: 'BIGINT',
  NUMERIC: 'DECIMAL(38,9)',
  SAFE_CAST: 'TRY_CAST',
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
};

/** Strings, names in backticks, comments, words, parameters, and every other character. */
function tokens(sql: string): readonly string[] {
  return sql.match(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|#[^\n]*|\/\*.*?\*\/|\d+\.\d+|@?\w+|\s+|./gs) ?? [];
}

/** A table's project is left out: there is one database. */
function toName(name: string): string {
  const parts = name.split(/[.:]/);
  return (parts.length > 2 ? parts.slice(-2) : parts).map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_escape, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character);
}

function expressionOf(parameter: QueryParameter | undefined, name: string): string {
  if (parameter === undefined) throw new Error(`Invalid Input Error: Query parameter ${name} was not found`);
  return toExpression(parameter);
}

/** `x IN UNNEST(list)`, and `FROM UNNEST(list) AS x`, whose x is the item. */
function withUnnest(sql: string): string {
  const [, before, after] = /^(.*?\b)(UNNEST\s*\(.*)$/is.exec(sql) ?? [];
  if (before === undefined || after === undefined) return sql;
  const end = closing(after, after.indexOf('('));
  const call = after.slice(0, end + 1);
  const rest = after.slice(end + 1);
  if (/\bIN\s*$/i.test(before)) return `${before}(SELECT ${call})${withUnnest(rest)}`;
  return (
    before + call + withUnnest(rest.replace(/^(\s+(?:AS\s+)?)(?!WHERE\b|ORDER\b|GROUP\b|LIMIT\b|JOIN\b|CROSS\b|ON\b)(\w+)/i, '$1$2($2)'))
  );
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === '(') depth++;
    if (text[index] === ')' && --depth === 0) return index;
  }
  return text.length;
}
