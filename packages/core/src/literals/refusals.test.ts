import { create, toBinary } from '@bufbuild/protobuf';
import { LiteralMapSchema } from '@flyte-agents/proto/flyte1';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../errors.ts';
import { encodeLiterals, lazyInputs } from '../protocol/literals.ts';
import { toValue } from './decode.ts';
import { toLiteral } from './encode.ts';
import { Inputs } from './inputs.ts';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralType, type SimpleType } from './model.ts';
import type { NativeValue } from './native.ts';
import { dictType, toOutputs } from './outputs.ts';
import { toText } from './text.ts';

const simple = (name: SimpleType): LiteralType => ({ kind: 'simple', simple: name });
const enumeration: LiteralType = { kind: 'enum', values: ['red', 'green'] };
const optional = (type: LiteralType): LiteralType => ({ kind: 'union', variants: [type, simple('NONE')] });

/** The error of an output of this type. */
function refusal(value: NativeValue, type: LiteralType): string {
  return thrown(() => toLiteral(value, type, 'output x'));
}

/** The error of reading an input. */
function inputRefusal(literal: Literal | undefined, read: (inputs: Inputs) => unknown): string {
  return thrown(() => read(Inputs.of(new Map(literal === undefined ? [] : [['x', literal]]))));
}

function thrown(work: () => unknown): string {
  let error: unknown;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ name: 'AgentError', origin: 'user', code: 'INVALID_ARGUMENT' });
  return AgentError.is(error) ? error.message : '';
}

function outputs(declared: Readonly<Record<string, LiteralType>>) {
  return { outputs: new Map(Object.entries(declared).map(([name, type]) => [name, { type, description: '' }])) };
}

describe('refused with the name of the value, what was expected and what came', () => {
  test('an integer beyond 64 bits', () => {
    expect(refusal(2n ** 63n, simple('INTEGER'))).toBe('output x: expected INTEGER, got 9223372036854775808, which is beyond 64 bits');
    expect(refusal(2 ** 60, simple('INTEGER'))).toBe(
      'output x: expected INTEGER, got 1152921504606847000, which a number cannot hold exactly (give a bigint)',
    );
    expect(refusal(1.5, simple('INTEGER'))).toBe('output x: expected INTEGER, got 1.5');
    expect(refusal(2n ** 53n + 1n, simple('FLOAT'))).toBe('output x: expected FLOAT, got 9007199254740993, which no float holds exactly');
  });

  test('an integer beyond the safe range that is asked as a number', () => {
    const literal: Literal = { kind: 'integer', value: 2n ** 53n };
    const message = 'input x: expected an integer of at most 2^53 - 1, got 9007199254740992';
    expect(inputRefusal(literal, (inputs) => inputs.number('x'))).toBe(message);
    expect(inputRefusal(literal, (inputs) => inputs.json('x'))).toBe(message);
    expect(inputRefusal({ kind: 'float', value: 1.5 }, (inputs) => inputs.integer('x'))).toBe(
      'input x: expected an integer, got the float 1.5',
    );
  });

  test('NaN and infinities where JSON is made', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const message = `expected a finite number, which JSON can hold, got ${value}`;
      expect(refusal({ a: [value] }, simple('STRUCT'))).toBe(`output x.a[0]: ${message}`);
      expect(inputRefusal({ kind: 'float', value }, (inputs) => inputs.json('x'))).toBe(`input x: ${message}`);
      expect(thrown(() => encodeLiterals({ x: { kind: 'generic', value: { a: value } } }))).toBe(`output x.a: ${message}`);
    }
  });

  test('a point in time outside of the years 1 to 9999', () => {
    const message = 'output x: expected a point in time of the years 1 to 9999, got another';
    for (const time of [
      new FlyteDatetime(-62_135_596_801n),
      new FlyteDatetime(253_402_300_800n),
      new FlyteDatetime(0n, 1e9),
      new Date(8.64e15),
    ])
      expect(refusal(time, simple('DATETIME'))).toBe(message);
    expect(refusal(new Date(Number.NaN), simple('DATETIME'))).toBe('output x: expected a point in time, got an invalid Date');
    expect(thrown(() => encodeLiterals({ x: { kind: 'datetime', value: new FlyteDatetime(2n ** 60n) } }))).toBe(message);
    expect(refusal('2026-01-01', simple('DATETIME'))).toBe('output x: expected DATETIME, got a text of length 10');
  });

  test('a duration of both signs, and one of more than ten thousand years', () => {
    const message = 'output x: expected a length of time of one sign and at most ten thousand years, got another';
    for (const duration of [
      new FlyteDuration(1n, -1),
      new FlyteDuration(-1n, 1),
      new FlyteDuration(315_576_000_001n),
      new FlyteDuration(0n, 0.5),
    ])
      expect(refusal(duration, simple('DURATION'))).toBe(message);
    expect(thrown(() => encodeLiterals({ x: { kind: 'duration', value: new FlyteDuration(1n, -1) } }))).toBe(message);
  });

  test('a word that is not in the enum', () => {
    expect(refusal('blue', enumeration)).toBe('output x: expected one of red, green, got "blue"');
    expect(refusal(5, enumeration)).toBe('output x: expected one of red, green, got 5');
  });

  test('a required input that is missing, or none', () => {
    const message = 'input x: expected a string, got nothing';
    expect(inputRefusal(undefined, (inputs) => inputs.string('x'))).toBe(message);
    expect(inputRefusal({ kind: 'none' }, (inputs) => inputs.string('x'))).toBe(message);
  });

  test('an output that the task does not declare', () => {
    expect(thrown(() => toOutputs(outputs({ info: dictType, o0: simple('STRING') }), { o0: 'a', info: {}, extra: 1 }))).toBe(
      'output extra: expected an output of the task (it declares info, o0), got one that it does not declare',
    );
    expect(thrown(() => toOutputs(outputs({}), { extra: 1 }))).toContain('(it declares none)');
  });

  test('an output that is missing', () => {
    expect(thrown(() => toOutputs(outputs({ info: dictType }), {}))).toBe('output info: expected STRUCT, got nothing');
    expect(thrown(() => toOutputs(outputs({ toString: simple('STRING') }), {}))).toBe('output toString: expected STRING, got nothing');
  });

  test('a value that fits no variant of a union', () => {
    expect(refusal([1], { kind: 'union', variants: [simple('INTEGER'), simple('STRING')] })).toBe(
      'output x: expected INTEGER or STRING, got a list of 1',
    );
    expect(refusal(['a'], optional({ kind: 'collection', items: simple('INTEGER') }))).toBe(
      'output x[0]: expected INTEGER, got a text of length 1',
    );
    expect(refusal(true, optional(simple('INTEGER')))).toBe('output x: expected INTEGER or NONE, got true');
  });

  test('binary data with a tag that is not known', () => {
    const literal: Literal = { kind: 'binary', tag: 'cbor', value: Uint8Array.of(1) };
    const message =
      'expected MessagePack, got binary data with the unknown tag "cbor"; pickled Python objects are never read: give the task\'s input a type';
    expect(inputRefusal(literal, (inputs) => inputs.value('x'))).toBe(`input x: ${message}`);
    expect(inputRefusal(literal, (inputs) => inputs.json('x'))).toBe(`input x: ${message}`);
    expect(thrown(() => toText(literal, 'input x'))).toBe(`input x: ${message}`);
  });

  test('C14: a pickle, which is neither read nor written', () => {
    expect(inputRefusal({ kind: 'binary', tag: '', value: Uint8Array.of(0x80) }, (inputs) => inputs.value('x'))).toBe(
      "input x: expected MessagePack, got untagged binary data, which is how flyte-sdk sends pickles; pickled Python objects are never read: give the task's input a type",
    );
    expect(refusal(Uint8Array.of(0x80), simple('BINARY'))).toBe(
      'output x: expected BINARY, got 1 bytes: a Python task would read it as a pickled object, which only Python writes',
    );
    expect(refusal('s3://b/evil.pkl', { kind: 'blob', format: 'PythonPickle', multipart: false })).toBe(
      'output x: expected file, got the URL of a pickled object, which only Python writes',
    );
    const reference = { kind: 'blob', uri: 's3://b/theirs.pkl', format: 'PythonPickle', multipart: false } as const;
    expect(toLiteral(reference, { kind: 'blob', format: 'PythonPickle', multipart: false }, 'x')).toEqual(reference);
  });

  test('a literal without a value', () => {
    const inputs = lazyInputs(toBinary(LiteralMapSchema, create(LiteralMapSchema, { literals: { x: {} } })));
    expect(thrown(() => inputs.value('x'))).toBe('input x: expected a value, got a literal without one');
  });

  test('the error of another node', () => {
    const literal: Literal = { kind: 'error', failedNodeId: 'n1', message: 'boom' };
    expect(inputRefusal(literal, (inputs) => inputs.string('x'))).toBe('input x: expected a value, got the error of node n1: boom');
    expect(thrown(() => toValue({ kind: 'collection', items: [literal] }, 'input x'))).toBe(
      'input x[0]: expected a value, got the error of node n1: boom',
    );
    expect(refusal('boom', simple('ERROR'))).toBe('output x: expected ERROR, got a text of length 4');
  });

  test('what is nested deeper than 64 levels', () => {
    let value: NativeValue = null;
    let literal: Literal = { kind: 'none' };
    for (let i = 0; i < 65; i++) [value, literal] = [[value], { kind: 'collection', items: [literal] }];
    const message = 'expected at most 64 levels of nesting, got more';
    expect(refusal({ a: value }, dictType)).toContain(message);
    expect(refusal({ a: value }, simple('STRUCT'))).toContain(message);
    expect(thrown(() => encodeLiterals({ x: literal }))).toContain(message);
  });

  test('half of a character', () => {
    const message = 'expected text, got half of a character (a lone surrogate)';
    expect(refusal('a\uD800', simple('STRING'))).toBe(`output x: ${message}`);
    expect(refusal({ a: '\uDC00' }, simple('STRUCT'))).toBe(`output x.a: ${message}`);
    expect(refusal({ '\uDC00': 1 }, { kind: 'map', values: simple('INTEGER') })).toBe(
      'output x: expected map of INTEGER, got a key that is half a character (a lone surrogate)',
    );
    expect(refusal('s3://\uD800', { kind: 'blob', format: '', multipart: false })).toBe(`output x: ${message}`);
    const broken: readonly Literal[] = [
      { kind: 'string', value: '\uD800' },
      { kind: 'blob', uri: '\uD800', format: '', multipart: false },
      { kind: 'generic', value: { '\uD800': 1 } },
      { kind: 'map', entries: new Map([['\uD800', { kind: 'none' }]]) },
    ];
    for (const literal of broken) expect(thrown(() => encodeLiterals({ x: literal }))).toContain(message);
    expect(thrown(() => encodeLiterals({ 'x\uD800': { kind: 'none' } }))).toContain(message);
  });

  test.each<[NativeValue, LiteralType, string]>([
    [5, simple('STRING'), 'output x: expected STRING, got 5'],
    ['a secret', simple('BOOLEAN'), 'output x: expected BOOLEAN, got a text of length 8'],
    [0, simple('NONE'), 'output x: expected NONE, got 0'],
    [null, simple('INTEGER'), 'output x: expected INTEGER, got null'],
    [5, simple('DURATION'), 'output x: expected DURATION, got 5'],
    ['5', simple('FLOAT'), 'output x: expected FLOAT, got a text of length 1'],
    [[1], dictType, 'output x: expected STRUCT, got a list of 1'],
    [{ a: 1 }, { kind: 'collection', items: simple('INTEGER') }, 'output x: expected list of INTEGER, got a mapping'],
    [[1], { kind: 'map', values: simple('INTEGER') }, 'output x: expected map of INTEGER, got a list of 1'],
    [
      { a: { b: 'x' } },
      { kind: 'map', values: { kind: 'map', values: simple('FLOAT') } },
      'output x.a.b: expected FLOAT, got a text of length 1',
    ],
    [new Map([[1, 1]]), { kind: 'map', values: simple('INTEGER') }, 'output x: expected map of INTEGER, got a key that is 1'],
    ['', { kind: 'blob', format: '', multipart: false }, 'output x: expected file, got a text of length 0'],
    [5, { kind: 'dataset', format: '', columns: [] }, 'output x: expected dataset, got 5'],
    [{ kind: 'dataset', uri: 's3://d' }, { kind: 'dataset', format: '', columns: [] }, 'output x: expected dataset, got a mapping'],
    [{ kind: 'schema', uri: 's3://d' }, { kind: 'schema', columns: [] }, 'output x: expected schema, got a mapping'],
    [{ kind: 'blob', uri: 's3://f', format: '' }, { kind: 'blob', format: '', multipart: false }, 'output x: expected file, got a mapping'],
    [
      { kind: 'blob', uri: 's3://d', format: '', multipart: true },
      { kind: 'blob', format: '', multipart: false },
      'output x: expected file, got a folder',
    ],
    [new Uint8Array(3), simple('STRUCT'), 'output x: expected STRUCT, got 3 bytes'],
    [{ a: new Uint8Array(3) }, simple('STRUCT'), 'output x.a: expected what JSON can hold, got 3 bytes'],
    [{ a: 2n ** 60n }, simple('STRUCT'), 'output x.a: expected an integer of at most 2^53 - 1, got 1152921504606846976'],
  ])('%o, which is no %o', (value, type, message) => {
    expect(refusal(value, type)).toBe(message);
  });
});
