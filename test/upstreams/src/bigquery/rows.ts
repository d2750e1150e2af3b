import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBIntervalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A column of a result. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode: 'NULLABLE' | 'REPEATED';
  readonly fields?: readonly Field[];
}

const types: Readonly<Partial<Record<DuckDBTypeId, string>>> = {
  [DuckDBTypeId.BIGINT]: 'INTEGER',
  [DuckDBTypeId.BLOB]: 'BYTES',
  [DuckDBTypeId.BOOLEAN]: 'BOOLEAN',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.DECIMAL]: 'NUMERIC',
  [DuckDBTypeId.DOUBLE]: 'FLOAT',
  [DuckDBTypeId.FLOAT]: 'FLOAT',
  // Sums; BigQuery's are no larger than what they are made of.
  [DuckDBTypeId.HUGEINT]: 'INTEGER',
  [DuckDBTypeId.INTEGER]: 'INTEGER',
  [DuckDBTypeId.INTERVAL]: 'INTERVAL',
  [DuckDBTypeId.TIME]: 'TIME',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
};

/** A column of DuckDB's as BigQuery describes it. */
export function toField(name: string, type: DuckDBType): Field {
  if (type instanceof DuckDBListType) return { ...toField(name, type.valueType), mode: 'REPEATED' };
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((entry, index) => toField(entry, type.entryTypes[index] ?? type));
    return { name, type: 'RECORD', mode: 'NULLABLE', fields };
  }
  return { name, type: type.alias === 'JSON' ? 'JSON' : (types[type.typeId] ?? 'STRING'), mode: 'NULLABLE' };
}

/** A value as the REST API writes it. */
export type Cell = { readonly v: string | null | readonly Cell[] | { readonly f: readonly Cell[] } };

/** A value of DuckDB's as the REST API writes it: everything is a text. */
export function toCell(value: DuckDBValue): Cell {
  if (value === null) return { v: null };
  if (value instanceof DuckDBListValue) return { v: value.items.map(toCell) };
  if (value instanceof DuckDBStructValue) return { v: { f: Object.values(value.entries).map(toCell) } };
  if (value instanceof DuckDBBlobValue) return { v: Buffer.from(value.bytes).toString('base64') };
  if (value instanceof DuckDBTimestampTZValue) return { v: String(value.micros) };
  if (value instanceof DuckDBTimestampValue) return { v: String(value).replace(' ', 'T') };
  if (value instanceof DuckDBDateValue) return { v: String(value) };
  if (value instanceof DuckDBIntervalValue) return { v: intervalText(value) };
  return { v: String(value) };
}

function intervalText({ months, days, micros }: DuckDBIntervalValue): string {
  const absolute = micros < 0n ? -micros : micros;
  const seconds = absolute / 1_000_000n;
  const fraction = absolute % 1_000_000n;
  const time = `${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}`;
  return `${Math.trunc(months / 12)}-${months % 12} ${days} ${micros < 0n ? '-' : ''}${time}${fraction === 0n ? '' : `.${String(fraction).padStart(6, '0')}`}`;
}
