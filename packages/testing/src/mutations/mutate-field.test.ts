import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema } from '@flyte-agents/proto/flyte1';
import { expect, test } from 'vitest';
import { Random } from '../random.ts';
import { mutateField } from './mutate-field.ts';

const message = create(CreateTaskRequestSchema, {
  template: { type: 'token_query', custom: { query: 'select 1' }, metadata: { discoverable: true } },
  outputPrefix: 's3://flyte-data/metadata/x/n0/data/0',
});
const original = toBinary(CreateTaskRequestSchema, message);

function isReadable(bytes: Uint8Array): boolean {
  try {
    fromBinary(CreateTaskRequestSchema, bytes);
    return true;
  } catch {
    return false;
  }
}

test('the same seed damages the same way, and the original stays', () => {
  expect(mutateField(original, new Random(3))).toEqual(mutateField(original, new Random(3)));
  expect(fromBinary(CreateTaskRequestSchema, original)).toEqual(message);
});

test('most copies differ from each other, and most can be read', () => {
  const random = new Random(1);
  const copies = Array.from({ length: 1000 }, () => mutateField(original, random));
  expect(new Set(copies.map((copy) => Buffer.from(copy).toString('hex'))).size).toBeGreaterThan(600);
  expect(copies.filter(isReadable).length).toBeGreaterThan(500);
});

test('bytes that are no message are damaged as bytes', () => {
  const random = new Random(1);
  expect(mutateField(Buffer.from('{"v":1}'), random)).not.toEqual(Uint8Array.from(Buffer.from('{"v":1}')));
  for (let index = 0; index < 100; index++) expect(mutateField(new Uint8Array(), random).length).toBeLessThan(200);
});
