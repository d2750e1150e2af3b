import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { ContainerError_Kind, ErrorDocumentSchema, ExecutionError_ErrorKind } from '@flyte-agents/proto/flyte1';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordingLogger } from '../__fixtures__/agents.ts';
import { AgentError } from '../errors.ts';
import type { ReadableStore } from '../store/service.ts';
import { noStore, ObjectStore } from '../store/store.ts';
import { readErrorDocument } from './error-document.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-error-'));
});
afterEach(async () => rm(folder, { recursive: true }));

async function read(store: ReadableStore = new ObjectStore({ roots: [folder] })) {
  return readErrorDocument({ store, signal: new AbortController().signal, logger: recordingLogger() }, folder);
}

/** A document as flytekit's entry point writes it. */
function document(kind: ContainerError_Kind, origin: ExecutionError_ErrorKind): Uint8Array {
  const error = { code: 'USER:ValueError', message: 'Traceback …\nValueError: no such column', kind, origin };
  return toBinary(ErrorDocumentSchema, create(ErrorDocumentSchema, { error }));
}

test.each([
  [ContainerError_Kind.RECOVERABLE, ExecutionError_ErrorKind.USER, true, 'user'],
  [ContainerError_Kind.NON_RECOVERABLE, ExecutionError_ErrorKind.SYSTEM, false, 'system'],
  [ContainerError_Kind.NON_RECOVERABLE, ExecutionError_ErrorKind.UNKNOWN, false, undefined],
])('AB6: what a container wrote to error.pb is read: kind %i, origin %i', async (kind, kindOfOrigin, recoverable, origin) => {
  await writeFile(join(folder, 'error.pb'), document(kind, kindOfOrigin));
  expect(await read()).toEqual({ code: 'USER:ValueError', message: 'Traceback …\nValueError: no such column', recoverable, origin });
});

test('a slash at the end of the prefix changes nothing', async () => {
  await writeFile(join(folder, 'error.pb'), document(ContainerError_Kind.RECOVERABLE, ExecutionError_ErrorKind.USER));
  const context = { store: new ObjectStore({ roots: [folder] }), signal: new AbortController().signal, logger: recordingLogger() };
  expect(await readErrorDocument(context, `${folder}//`)).toMatchObject({ code: 'USER:ValueError' });
});

test('a container that wrote nothing, or nothing of sense, leaves the service’s own reason', async () => {
  expect(await read()).toBeUndefined();
  await writeFile(join(folder, 'error.pb'), '');
  expect(await read()).toBeUndefined();
  await writeFile(join(folder, 'error.pb'), Buffer.alloc(100, 0xff));
  expect(await read()).toBeUndefined();
  await writeFile(join(folder, 'error.pb'), Buffer.alloc(2 * 1024 * 1024));
  expect(await read()).toBeUndefined();
});

test('without a store nothing is read', async () => {
  expect(await read(noStore)).toBeUndefined();
});

test('R3: a store that does not answer is asked again: its fault passes', async () => {
  const broken = { ...noStore, read: () => Promise.reject(new AgentError({ code: 'UNAVAILABLE', message: 'no answer' })) };
  await expect(read(broken as ReadableStore)).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
});
