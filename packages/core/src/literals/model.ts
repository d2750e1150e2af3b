import type { AgentError } from '../errors.ts';

/**
 * The values of Flyte, free of either protocol's generated types. A value keeps its kind beside it, so that the integer 2
 * and the float 2.0 stay two things, and 64-bit integers are bigint.
 */
export type Literal =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'datetime'; readonly value: FlyteDatetime }
  | { readonly kind: 'duration'; readonly value: FlyteDuration }
  | { readonly kind: 'none' }
  | { readonly kind: 'blob'; readonly uri: string; readonly format: string; readonly multipart: boolean }
  | {
      readonly kind: 'dataset';
      readonly uri: string;
      readonly format: string;
      readonly columns: readonly Column[];
      readonly externalSchema?: ExternalSchema | undefined;
    }
  | { readonly kind: 'schema'; readonly uri: string; readonly columns: readonly SchemaColumn[] }
  | { readonly kind: 'binary'; readonly tag: string; readonly value: Uint8Array }
  | { readonly kind: 'generic'; readonly value: JsonObject }
  | { readonly kind: 'error'; readonly failedNodeId: string; readonly message: string }
  | { readonly kind: 'collection'; readonly items: readonly Literal[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Literal> }
  | { readonly kind: 'union'; readonly value: Literal; readonly type: LiteralType }
  | {
      readonly kind: 'offloaded';
      readonly uri: string;
      readonly sizeBytes: bigint;
      /** Why it could not be loaded, told to whoever reads it. */
      readonly fault?: AgentError | undefined;
    };

/** A literal that only says where the value is. */
export type Reference = Extract<Literal, { readonly kind: 'blob' | 'dataset' | 'schema' }>;

/** How deep values may be nested in one another: whoever reads them recurses. */
export const deepestNesting = 64;

/** Named values, as a task's inputs and outputs are. */
export type LiteralMap = ReadonlyMap<string, Literal>;

/** The declared type of a value. */
export type LiteralType = LiteralTypeShape & {
  /** The name of the transformer that made a union's variant, in Python's words: `int`, `none`, `Typed List`. */
  readonly tag?: string | undefined;
  /** A JSON schema of a dataclass or model, or what else the SDK put there. */
  readonly metadata?: JsonObject | undefined;
  /** Annotations, such as `cache-key-metadata`. */
  readonly annotation?: JsonObject | undefined;
};

/** What a declared type is, apart from its annotations. */
export type LiteralTypeShape =
  | { readonly kind: 'simple'; readonly simple: SimpleType }
  | { readonly kind: 'collection'; readonly items: LiteralType }
  | { readonly kind: 'map'; readonly values: LiteralType }
  | { readonly kind: 'blob'; readonly format: string; readonly multipart: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | {
      readonly kind: 'dataset';
      readonly format: string;
      readonly columns: readonly Column[];
      readonly externalSchema?: ExternalSchema | undefined;
    }
  | { readonly kind: 'schema'; readonly columns: readonly SchemaColumn[] }
  | { readonly kind: 'union'; readonly variants: readonly LiteralType[] };

/** The names of Flyte's simple types. */
export const simpleTypes = ['NONE', 'INTEGER', 'FLOAT', 'STRING', 'BOOLEAN', 'DATETIME', 'DURATION', 'BINARY', 'ERROR', 'STRUCT'] as const;

/** Flyte's simple types, by name. */
export type SimpleType = (typeof simpleTypes)[number];

/** A column of a structured dataset. */
export interface Column {
  readonly name: string;
  readonly type: LiteralType | undefined;
}

/** A dataset's schema in another library's form, such as `arrow`. */
export interface ExternalSchema {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** A column of a schema, the older form of a dataset; `type` is Flyte's word: `INTEGER`, `STRING`… */
export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
}

/** A value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** 0001-01-01 and the last second of 9999. */
const firstSecond = -62_135_596_800n;
const lastSecond = 253_402_300_799n;
/** Ten thousand years. */
const longestSeconds = 315_576_000_000n;

/** A point in time with nanoseconds, years 1 to 9999. */
export class FlyteDatetime {
  /** Whole seconds since 1970 UTC, rounded down. */
  readonly seconds: bigint;
  /** Nanoseconds after that second: 0 to 999,999,999. */
  readonly nanos: number;

  constructor(seconds: bigint, nanos: number = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
  }

  /** The same point in time as far as a Date can tell: milliseconds, rounded down. */
  toDate(): Date {
    return new Date(Number(this.seconds) * 1000 + Math.floor(this.nanos / 1e6));
  }

  /** Whether this is a time that Flyte can hold: of the years 1 to 9999, with nanoseconds of one second. */
  get isRepresentable(): boolean {
    return this.seconds >= firstSecond && this.seconds <= lastSecond && isFraction(this.nanos) && this.nanos >= 0;
  }

  static fromDate(date: Date): FlyteDatetime {
    const seconds = Math.floor(date.getTime() / 1000);
    return new FlyteDatetime(BigInt(seconds), (date.getTime() - seconds * 1000) * 1e6);
  }

  /** ISO 8601 in UTC with as many digits as the value has: `2026-11-21T00:00:00Z`, `….000000001Z`. */
  toString(): string {
    const whole = new Date(Number(this.seconds) * 1000).toISOString().slice(0, 19);
    const fraction =
      this.nanos === 0
        ? ''
        : `.${String(this.nanos)
            .padStart(9, '0')
            .replace(/(000)+$/, '')}`;
    return `${whole}${fraction}Z`;
  }
}

/** A length of time with nanoseconds; seconds and nanoseconds carry the same sign. */
export class FlyteDuration {
  readonly seconds: bigint;
  readonly nanos: number;

  constructor(seconds: bigint, nanos: number = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
  }

  /** Whether this is a length that Flyte can hold: at most ten thousand years, seconds and nanoseconds of one sign. */
  get isRepresentable(): boolean {
    const mixed = (this.seconds > 0n && this.nanos < 0) || (this.seconds < 0n && this.nanos > 0);
    return !mixed && this.seconds <= longestSeconds && this.seconds >= -longestSeconds && isFraction(this.nanos);
  }

  /** The length in milliseconds, with the fraction that a double can hold. */
  toMillis(): number {
    return Number(this.seconds) * 1000 + this.nanos / 1e6;
  }

  /** Seconds as a decimal number: `1.5s`. */
  toString(): string {
    const negative = this.seconds < 0n || this.nanos < 0;
    const seconds = this.seconds < 0n ? -this.seconds : this.seconds;
    const fraction = this.nanos === 0 ? '' : `.${String(Math.abs(this.nanos)).padStart(9, '0').replace(/0+$/, '')}`;
    return `${negative ? '-' : ''}${seconds}${fraction}s`;
  }
}

function isFraction(nanos: number): boolean {
  return Number.isInteger(nanos) && Math.abs(nanos) <= 999_999_999;
}
