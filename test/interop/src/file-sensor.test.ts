import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { runTask, type DocumentObject, type TaskResult } from '@flyte-agents/cli';
import { createLogger, ObjectStore, startServer, type AgentServer } from '@flyte-agents/core';
import sensors from '@flyte-agents/s3-sensor';
import { installTimeoutMs } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { places, type Place } from './places.ts';

/** A task of the engine's protocol, through gRPC, on a server with the sensors. */

const logger = createLogger({ level: 'error' });
const signal = new AbortController().signal;
const strings = { collectionType: { simple: 'STRING' } };
const types = {
  found: { simple: 'BOOLEAN' },
  keys: strings,
  paths: strings,
  sizes: { collectionType: { simple: 'INTEGER' } },
  etags: strings,
};

interface SensorRun {
  readonly config: DocumentObject;
  readonly outputs?: readonly (keyof typeof types)[];
}

async function run({ port }: AgentServer, { config, outputs = [] }: SensorRun): Promise<TaskResult> {
  const variables = Object.fromEntries(outputs.map((name) => [name, { type: types[name] }]));
  const custom = { sensor_module: 'acme.sensors', sensor_name: 'Arrival', sensor_config: config };
  return runTask({
    endpoint: `127.0.0.1:${port}`,
    task: { type: 'sensor', interface: { outputs: { variables } }, custom },
    pollIntervalMs: 200,
    signal: AbortSignal.timeout(25_000),
  });
}

for (const { name, needs, isService, start } of places) {
  describe.skipIf(!needs.available)(`the file sensor on ${name}${needs.note}`, () => {
    let place: Place;
    let server: AgentServer;
    let store: ObjectStore;
    let folder: string;

    beforeAll(async () => {
      place = await start();
      for (const [variable, value] of Object.entries(place.environment)) vi.stubEnv(variable, value);
      store = new ObjectStore({ roots: [place.url] });
      server = await startServer({ agents: sensors, host: '127.0.0.1', port: 0, metricsPort: 0, storeRoots: [place.url], logger });
    }, installTimeoutMs);
    afterAll(async () => {
      await server?.stop();
      await place?.stop();
      vi.unstubAllEnvs();
    });
    beforeEach(() => {
      folder = `${place.url}/${randomUUID()}`;
    });
    const put = (key: string, content: string): Promise<void> => store.write(`${folder}/${key}`, new TextEncoder().encode(content), signal);

    test('SE1: waits for an object', async () => {
      const path = `${folder}/in/_SUCCESS`;
      const running = run(server, { config: { kind: 'file', paths: [path], timeout: 20 } });
      await put('in/_SUCCESS', 'x');
      expect(await running).toMatchObject({ phase: 'SUCCEEDED', message: `${path} is there` });
    });

    test('SE1: waits for a folder', async () => {
      await put('in/part-0', 'x');
      expect(await run(server, { config: { kind: 'file', paths: [`${folder}/in`], timeout: 20 } })).toMatchObject({ phase: 'SUCCEEDED' });
    });

    test('SE2, SE8, SE10: waits for as many objects as must be there, and tells them', async () => {
      await put('in/b.csv', '12345');
      await put('in/small.csv', '1');
      await put('in/sub/c.csv', '12345');
      const paths = [`${folder}/in/*.csv`];
      const config = { kind: 'file', paths, glob: true, min_size: 5, min_count: 2, timeout: 20 };
      const running = run(server, { config, outputs: ['found', 'paths', 'sizes', 'etags'] });
      await put('in/a.csv', '123456');
      const result = await running;
      expect(result).toMatchObject({ phase: 'SUCCEEDED', message: `${folder}/in/*.csv is there: 2 objects` });
      const list = (output: string): unknown[] => {
        const literal = result.outputs?.get(output);
        return literal?.kind === 'collection' ? literal.items.map((item) => ('value' in item ? item.value : undefined)) : [];
      };
      expect(result.outputs?.get('found')).toEqual({ kind: 'boolean', value: true });
      expect(list('paths')).toEqual([`${folder}/in/a.csv`, `${folder}/in/b.csv`]);
      expect(list('sizes')).toEqual([6n, 5n]);
      expect(list('etags').every((etag) => (etag !== '') === isService)).toBe(true);
    });

    test('SE9: waits until nothing is written any more', async () => {
      await put('in/a', 'x');
      const started = Date.now();
      const config = { kind: 'file', paths: [`${folder}/in`], unchanged_for: 3, timeout: 20 };
      expect(await run(server, { config })).toMatchObject({ phase: 'SUCCEEDED' });
      expect(Date.now() - started).toBeGreaterThan(1500);
    });

    test('SE11: gives up softly', async () => {
      const config = { kind: 'file', paths: [`${folder}/never`], soft_timeout: 1 };
      const result = await run(server, { config, outputs: ['found', 'keys'] });
      expect(result).toMatchObject({ phase: 'SUCCEEDED', message: `gave up after 1 s: waiting for ${folder}/never` });
      expect(result.outputs?.get('found')).toEqual({ kind: 'boolean', value: false });
      expect(result.outputs?.get('keys')).toEqual({ kind: 'collection', items: [] });
    });

    test('SE4: does not wait for a place that there is not', async () => {
      const nowhere = `${place.url.replace(/[\w-]+$/, 'nowhere')}/a/`;
      const { phase, message } = await run(server, { config: { kind: 'file', paths: [nowhere], timeout: 20 } });
      expect(phase).toBe('FAILED');
      expect(message).toMatch(isService ? /correct the path\) \(refused 3 times in a row\)$/ : /set storeRoots/);
    });
  });
}

describe('on the web', () => {
  let web: Server;
  let origin: string;
  let agents: AgentServer;
  let state: string;

  beforeAll(async () => {
    web = createServer((request, response) => {
      const isThere = request.url === '/state' || (request.url === '/data.csv' && state === 'done');
      response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json', etag: '"7"', 'content-length': isThere ? 16 : 0 });
      response.end(isThere && request.method === 'GET' ? JSON.stringify({ state }).padEnd(16) : undefined);
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const address = web.address();
    const port = typeof address === 'object' ? Number(address?.port) : 0;
    origin = `http://127.0.0.1:${port}`;
    agents = await startServer({
      agents: sensors,
      host: '127.0.0.1',
      port: 0,
      metricsPort: 0,
      allowHosts: ['127.0.0.1'],
      allowPorts: [port],
      logger,
    });
  });
  afterAll(async () => {
    await agents?.stop();
    web.closeAllConnections();
    web.close();
  });
  beforeEach(() => {
    state = 'running';
  });

  test('SE1, SE10: the file sensor waits for a document', async () => {
    const running = run(agents, {
      config: { kind: 'file', paths: [`${origin}/data.csv`], min_size: 16, timeout: 20 },
      outputs: ['paths', 'etags'],
    });
    state = 'done';
    const result = await running;
    expect(result).toMatchObject({ phase: 'SUCCEEDED', message: `${origin}/data.csv is there` });
    expect(result.outputs?.get('etags')).toEqual({ kind: 'collection', items: [{ kind: 'string', value: '7' }] });
  });

  test('SE14: the HTTP sensor waits for a state', async () => {
    const running = run(agents, {
      config: { kind: 'http', url: `${origin}/state`, json: { pointer: '/state', equals: 'done' }, timeout: 20 },
    });
    state = 'done';
    expect(await running).toMatchObject({ phase: 'SUCCEEDED', message: `${origin}/state answers 200` });
  });

  test('SW5: neither looks where the server may not fetch from', async () => {
    for (const config of [
      { kind: 'file', paths: ['http://169.254.169.254/latest'] },
      { kind: 'http', url: 'http://10.0.0.1/' },
    ]) {
      expect(await run(agents, { config })).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('allowHosts') });
    }
  });
});
