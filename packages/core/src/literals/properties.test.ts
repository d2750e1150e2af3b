import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { literal as randomLiteral, random } from '../__fixtures__/generate.ts';
import { literalCases } from '../__fixtures__/golden.ts';
import { AgentError } from '../errors.ts';
import { decodeLiteral, encodeLiterals, lazyInputs } from '../protocol/literals.ts';
import { toValue } from './decode.ts';
import { toLiteral } from './encode.ts';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralType, type SimpleType } from './model.ts';
import { decodeMsgpack } from './msgpack/decode.ts';
import type { NativeValue } from './native.ts';
import { isOffloaded } from './offloaded.ts';
import { dictType } from './outputs.ts';
import { toJson } from './plain-json.ts';
import { pythonText } from './python.ts';
import { toText } from './text.ts';

/** The same in every run. */
const many = { seed: 1, numRuns: 1000 };

/** A type and a value of it. */
interface Typed {
  readonly type: LiteralType;
  readonly value: NativeValue;
}

function simple(name: SimpleType, values: fc.Arbitrary<NativeValue>): fc.Arbitrary<Typed> {
  return values.map((value) => ({ type: { kind: 'simple', simple: name }, value }));
}

const text = fc.string({ unit: 'binary', maxLength: 40 });
const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Whole ones that a number holds exactly are integers to whoever does not know better. */
const floats = fc.double().filter((value) => !Number.isSafeInteger(value) || Object.is(value, -0));
const datetimes = fc
  .tuple(fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }), fc.integer({ min: 0, max: 999_999_999 }))
  .map(([seconds, nanos]) => new FlyteDatetime(seconds, nanos));
const durations = fc
  .tuple(fc.bigInt({ min: 0n, max: 315_576_000_000n }), fc.integer({ min: 0, max: 999_999_999 }), fc.boolean())
  .map(([seconds, nanos, negative]) =>
    negative ? new FlyteDuration(-seconds, nanos === 0 ? 0 : -nanos) : new FlyteDuration(seconds, nanos),
  );

/** What a dict may hold. */
const { dict } = fc.letrec<{ any: NativeValue; dict: NativeValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    floats,
    text,
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('any'), { maxLength: 4 }),
    tie('dict'),
    fc
      .array(fc.tuple(fc.oneof(integers, fc.boolean(), fc.constant(null), floats), tie('any')), { minLength: 1, maxLength: 3 })
      .map((entries) => new Map(entries)),
  ),
  dict: fc.dictionary(text, tie('any'), { maxKeys: 4 }),
}));

const leaves = fc.oneof(
  simple('INTEGER', integers),
  simple('FLOAT', floats),
  simple('STRING', text),
  simple('BOOLEAN', fc.boolean()),
  simple('NONE', fc.constant(null)),
  simple('DATETIME', datetimes),
  simple('DURATION', durations),
  dict.map((value): Typed => ({ type: dictType, value })),
  fc.constantFrom('red', 'blau-ü').map((value): Typed => ({ type: { kind: 'enum', values: ['red', 'blau-ü'] }, value })),
  fc.tuple(text, fc.boolean()).map(([uri, multipart]): Typed => ({
    type: { kind: 'blob', format: 'csv', multipart },
    value: { kind: 'blob', uri, format: 'csv', multipart },
  })),
  text.map((uri): Typed => ({ type: { kind: 'schema', columns: [] }, value: { kind: 'schema', uri, columns: [] } })),
  text.map((uri): Typed => ({
    type: { kind: 'dataset', format: '', columns: [] },
    value: { kind: 'dataset', uri, format: 'parquet', columns: [] },
  })),
);

const { typed } = fc.letrec<{ typed: Typed }>((tie) => ({
  typed: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaves,
    fc.tuple(tie('typed'), fc.nat(3)).map(([{ type, value }, length]): Typed => ({
      type: { kind: 'collection', items: type },
      value: Array.from({ length }, () => value),
    })),
    fc
      .tuple(tie('typed'), text)
      .map(([{ type, value }, key]): Typed => ({ type: { kind: 'map', values: type }, value: Object.fromEntries([[key, value]]) })),
    fc.tuple(tie('typed'), fc.array(tie('typed'), { maxLength: 3 }), fc.nat(3)).map(([{ type, value }, others, position]): Typed => ({
      type: { kind: 'union', variants: others.map((other) => other.type).toSpliced(position, 0, type) },
      value,
    })),
  ),
}));

/** What is thrown that is no AgentError. */
function foreignError(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return AgentError.is(error) ? undefined : error;
  }
}

test('a value that is sent for its declared type comes back as it was', () => {
  fc.assert(
    fc.property(typed, ({ type, value }) => {
      const bytes = encodeLiterals({ x: toLiteral(value, type, 'x') });
      expect(lazyInputs(bytes).value('x') ?? null).toEqual(value);
    }),
    many,
  );
});

describe('nothing but an AgentError is thrown', () => {
  test('for any value and any type', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
    });
    fc.assert(
      fc.property(anything, typed, (value, { type }) => {
        // What JavaScript gives need not be what its types say.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        expect(foreignError(() => encodeLiterals({ x: toLiteral(value as NativeValue, type, 'x') }))).toBeUndefined();
      }),
      many,
    );
  });

  test('for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(foreignError(() => decodeMsgpack(bytes, 'x'))).toBeUndefined();
        expect(foreignError(() => toValue(decodeLiteral(bytes, 'x'), 'x'))).toBeUndefined();
        expect(foreignError(() => lazyInputs(bytes).literals)).toBeUndefined();
        expect(typeof lazyInputs(bytes).hasOffloaded).toBe('boolean');
      }),
      { ...many, numRuns: 5000 },
    );
  });

  test('for golden literals with bytes that fell over', () => {
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...literalCases), changes, fc.option(fc.nat(400)), (golden, edits, length) => {
        const bytes = golden.literal.slice(0, length ?? undefined);
        for (const [at, byte] of edits) if (at < bytes.byteLength) bytes[at] = byte;
        expect(
          foreignError(() => {
            const literal = decodeLiteral(bytes, 'x');
            for (const read of [toValue, toJson, toText]) expect(foreignError(() => read(literal, 'x'))).toBeUndefined();
            expect(foreignError(() => encodeLiterals({ x: literal }))).toBeUndefined();
          }),
        ).toBeUndefined();
      }),
      { ...many, numRuns: 5000 },
    );
  });

  test('for any literal', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const literal: Literal = randomLiteral(random(seed), { stored: false });
        for (const read of [toValue, toJson, toText]) expect(foreignError(() => read(literal, 'x'))).toBeUndefined();
      }),
      many,
    );
  });
});

test('whether something is offloaded is the same before and after decoding', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const value = randomLiteral(random(seed), { stored: false });
      // Objects have URLs; where there is none, nothing is looked at.
      const bytes = encodeLiterals({ url: { kind: 'string', value: 's3://b/k' }, x: value });
      expect(lazyInputs(bytes).hasOffloaded).toBe(isOffloaded(value));
    }),
    many,
  );
});

test('a float reads as Python prints it: never like an integer, and the same float again', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const printed = pythonText(value);
      expect(printed).toMatch(/^-?(\d+\.\d+|\d(\.\d+)?e[+-]\d{2,3})$/);
      expect(Number(printed)).toBe(value);
    }),
    many,
  );
});
