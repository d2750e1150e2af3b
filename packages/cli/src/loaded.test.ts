import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@flyte-agents/proto/client';
import { AgentMetadataService } from '@flyte-agents/proto/flyte1';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allAgents, startCli } from './__fixtures__/cli.ts';

/** What a server needs before its first task, and what that is made of. */
const needed = new Set([
  '@bufbuild/protobuf',
  '@grpc/grpc-js',
  '@js-sdsl/ordered-map',
  '@opentelemetry/api',
  '@pinojs/redact',
  'atomic-sleep',
  'bintrees',
  'commander',
  'on-exit-leak-free',
  'pino',
  'pino-std-serializers',
  'prom-client',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'tdigest',
  'thread-stream',
  'xxhash-wasm',
  'zod',
]);

let folder: string;
let loaded: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-loaded-'));
  const file = join(folder, 'loaded.json');
  const preload = `--import=${join(import.meta.dirname, '__fixtures__/loaded.ts')}`;
  const words = ['--root', allAgents, 'serve', '--host', '127.0.0.1', '--port', '0', '--metrics-port', '0'];
  const cli = startCli(words, { LOADED: file, NODE_OPTIONS: preload });
  const [, address = ''] = await cli.wrote(/gRPC +(\S+)/);
  const connection = connect(address);
  await connection.client(AgentMetadataService).listAgents({});
  connection.close();
  cli.kill('SIGTERM');
  await cli.ended;
  const read: unknown = JSON.parse(await readFile(file, 'utf8'));
  loaded = Array.isArray(read) ? read.map(String) : [];
});
afterAll(() => rm(folder, { recursive: true }));

test('before the first task, a server with every agent has loaded no agent’s SDK and no other library that only tasks need', () => {
  const libraries = new Set(
    loaded.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]).filter((name) => name !== undefined),
  );
  expect([...libraries].filter((name) => !needed.has(name))).toEqual([]);
  expect(libraries).toContain('@grpc/grpc-js');
});

test('a server with every agent loads all of them, and nothing of the other commands', () => {
  const own = loaded.filter((url) => url.includes('/packages/') && !url.includes('node_modules'));
  const agents = own.map((url) => /\/packages\/([^/]+)\/src\/agent\.ts$/.exec(url)?.[1]).filter((name) => name !== undefined);
  expect(agents).toEqual(expect.arrayContaining(['batch', 'bigquery', 'databricks', 'openai', 's3-sensor', 'sagemaker', 'snowflake']));
  expect(own.filter((url) => /\/cli\/src\/(?:run|engine|inputs|task)\//.test(url))).toEqual([]);
});

test('a server does not load Node’s fetch before a task does: an import of node:http would', () => {
  expect(loaded).toContain('NativeModule http');
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
});
