/** A query parameter of the REST API. */
export interface QueryParameter {
  readonly name?: string | null;
  readonly parameterType: ParameterType;
  readonly parameterValue: ParameterValue;
}

interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name: string; readonly type: ParameterType }[];
}

interface ParameterValue {
  readonly value?: string | null;
  readonly arrayValues?: readonly ParameterValue[];
  readonly structValues?: Readonly<Record<string, ParameterValue>>;
}

/** A parameter as an expression of DuckDB's SQL, of its own type. */
export function toExpression({ parameterType, parameterValue }: QueryParameter): string {
  return expression(parameterType, parameterValue);
}

function expression(type: ParameterType, { value, arrayValues, structValues }: ParameterValue): string {
  if (arrayValues !== undefined && type.arrayType !== undefined) {
    const { arrayType } = type;
    return `CAST([${arrayValues.map((item) => expression(arrayType, item)).join(', ')}] AS ${typeName(type)})`;
  }
  if (structValues !== undefined) {
    const fields = (type.structTypes ?? []).map(({ name, type: of }) => `${quoted(name)} := ${expression(of, structValues[name] ?? {})}`);
    return `struct_pack(${fields.join(', ')})`;
  }
  if (value === null || value === undefined) return `CAST(NULL AS ${typeName(type)})`;
  if (typeof value !== 'string') throw new Error(`Invalid Input Error: Invalid value for ${type.type}: ${JSON.stringify(value)}`);
  const text = `'${value.replaceAll("'", "''")}'`;
  if (type.type === 'BYTES') return `from_base64(${text})`;
  if (type.type === 'INTERVAL') return `INTERVAL '${toInterval(value)}'`;
  return `CAST(${text} AS ${typeName(type)})`;
}

const typeNames: Readonly<Record<string, string>> = {
  BIGNUMERIC: 'DECIMAL(38,18)',
  BOOL: 'BOOLEAN',
  BYTES: 'BLOB',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  FLOAT64: 'DOUBLE',
  INT64: 'BIGINT',
  INTERVAL: 'INTERVAL',
  JSON: 'JSON',
  NUMERIC: 'DECIMAL(38,9)',
  STRING: 'VARCHAR',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMPTZ',
};

function typeName({ type, arrayType, structTypes }: ParameterType): string {
  if (arrayType !== undefined) return `${typeName(arrayType)}[]`;
  if (structTypes !== undefined) return `STRUCT(${structTypes.map(({ name, type: of }) => `${quoted(name)} ${typeName(of)}`).join(', ')})`;
  const name = typeNames[type];
  if (name === undefined) throw new Error(`Invalid Input Error: Invalid parameter type ${type}`);
  return name;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `Y-M D H:M:S` in DuckDB's words. */
function toInterval(text: string): string {
  const [, years, months, days, sign, hours, minutes, seconds] = /^(-?\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):([\d.]+)$/.exec(text) ?? [];
  if (years === undefined) throw new Error(`Invalid Input Error: Invalid INTERVAL value ${JSON.stringify(text)}`);
  return `${years} years ${months} months ${days} days ${sign}${hours} hours ${sign}${minutes} minutes ${sign}${seconds} seconds`;
}
