import { AgentError, ObjectStore } from '@flyte-agents/core';
import { FaultyUpstream, testAgent, type FaultKind } from '@flyte-agents/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BucketWorld, path } from './__fixtures__/bucket-world.ts';
import { url, WebWorld } from './__fixtures__/web-world.ts';

const fileSensor = { sensor_module: 'flytekit.sensor.file_sensor', sensor_name: 'FileSensor' };
const inputs = { path: { kind: 'string', value: path } } as const;

testAgent({
  name: 'FileSensor',
  world: () => new BucketWorld(),
  task: { type: 'sensor', custom: { ...fileSensor, sensor_config: {} }, inputs },
  guarantee: 'once',
  invalid: [
    { inputs: { path: { kind: 'string', value: 'ftp://example-bucket/in/_SUCCESS' } }, names: 'ftp://' },
    { inputs: { path: { kind: 'string', value: `${path}?X-Amz-Signature=s` } }, names: 'signed URL' },
    { inputs: {}, names: 'path' },
    { custom: { sensor_module: 'os', sensor_name: 'system' }, names: 'os.system' },
    { custom: { ...fileSensor, sensor_config: { min_count: 0 } }, names: 'min_count' },
    { custom: { ...fileSensor, sensor_config: { newer_than: 'yesterday' } }, names: 'newer_than' },
  ],
  schedules: 10_000,
});

testAgent({
  name: 'HttpSensor',
  world: () => new WebWorld(),
  task: { type: 'sensor', custom: { sensor_config: { kind: 'http', url, json: { pointer: '/state', equals: 'done' } } } },
  guarantee: 'once',
  invalid: [
    { custom: { sensor_config: { kind: 'http', url: 'ftp://example.com' } }, names: 'http:// or https://' },
    { custom: { sensor_config: { kind: 'http', url, headers: { Authorization: 'x' } } }, names: 'secret_headers' },
    { custom: { sensor_config: { kind: 'http' } }, names: 'url' },
    { custom: { sensor_config: { kind: 'http', url, json: { pointer: 'state' } } }, names: 'JSON Pointer' },
  ],
  schedules: 1000,
});

/** What becomes of a look at a store. */
async function look(store: ObjectStore): Promise<object | undefined> {
  try {
    const { value } = await store.list(path, { signal: AbortSignal.timeout(500) }).next();
    return value && { objects: value.objects };
  } catch (error) {
    const { code, passes } = AgentError.from(error);
    return { code, passes };
  }
}

async function fake(kind: FaultKind): Promise<object | undefined> {
  const world = new BucketWorld();
  if (kind !== 'hidden') world.fault({ kind });
  return look(world.store());
}

describe('the SDK', () => {
  let listing: string;
  let upstream: FaultyUpstream;

  beforeAll(async () => {
    upstream = await FaultyUpstream.start({
      handler: () => ({ body: listing }),
      refusal: ({ kind }) => ({ body: `<Error><Code>${new BucketWorld().error({ kind }).name}</Code></Error>` }),
    });
    const environment = { AWS_ENDPOINT_URL_S3: upstream.url, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await upstream.close();
  });

  async function real(kind?: FaultKind): Promise<object | undefined> {
    upstream.heal();
    if (kind !== undefined) upstream.fault({ kind, delayMs: 100 });
    listing = '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>';
    return look(new ObjectStore());
  }

  test.each(['unavailable', 'throttled', 'refused', 'lost-before', 'lost-after', 'truncated', 'malformed'] as const)(
    'SE4: fails as the fake bucket does (%s)',
    async (kind) => {
      expect(await real(kind)).toEqual(await fake(kind));
      expect(await fake(kind)).toMatchObject({ passes: kind !== 'refused' });
    },
  );

  test.each(['stall-before', 'stall-after'] as const)('R5: ends a look with its signal (%s)', async (kind) => {
    expect(await real(kind)).toEqual({ code: 'DEADLINE_EXCEEDED', passes: true });
  });

  test.each(['slow', 'slow-body'] as const)('SE4: waits for a slow answer (%s)', async (kind) => {
    expect(await real(kind)).toEqual({ objects: [] });
  });
});
