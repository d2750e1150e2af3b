import { AgentError, type CheckedFetch, type FetchOptions, type FetchResponse, type JsonValue, type PokeResult } from '@flyte-agents/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { pokeContext, sensorTask } from './__fixtures__/objects.ts';
import type { HttpConfig } from './config.ts';
import { HttpSensor } from './http.ts';

const url = 'https://api.example.com/jobs/7?view=short';
const path = 'https://api.example.com/jobs/7';

let sensor: HttpSensor;
let asked: { readonly url: string; readonly options: FetchOptions }[];
let answer: { status: number; body: JsonValue | undefined };
beforeEach(() => {
  sensor = new HttpSensor();
  asked = [];
  answer = { status: 200, body: { job: { state: 'done', rows: 12 }, parts: ['a', { 'x/y~z': null }] } };
});

const fetch: CheckedFetch = async (at, options = {}): Promise<FetchResponse> => {
  asked.push({ url: String(at), options });
  const { status, body } = answer;
  const text = (): string => JSON.stringify(body ?? '');
  return {
    url: String(at),
    status,
    headers: new Map(),
    body: Buffer.from(text()),
    isCut: false,
    elapsedMs: 1,
    text,
    json: () => {
      if (body === undefined) throw new AgentError({ code: 'FAILED_PRECONDITION', message: 'the answer is not JSON' });
      return body;
    },
  };
};

async function poke(config: HttpConfig = {}, project = 'p'): Promise<PokeResult> {
  const task = sensorTask(config, { url });
  sensor.check(task);
  return sensor.poke(task, pokeContext({ fetch, project }));
}

describe('SE14: an HTTP sensor', () => {
  test('asks for a URL', async () => {
    expect(await poke()).toEqual({ met: true, message: `${path} answers 200`, outputs: { status: { kind: 'integer', value: 200n } } });
    expect(asked).toMatchObject([{ url, options: { method: 'GET' } }]);
  });

  test('asks in the way that the task says', async () => {
    await poke({ url: 'http://other.example.com/', method: 'POST', headers: { 'X-Team': 'a' }, body: { query: 1 } });
    expect(asked).toMatchObject([
      {
        url: 'http://other.example.com/',
        options: { method: 'POST', body: '{"query":1}', headers: { 'X-Team': 'a', 'content-type': 'application/json' } },
      },
    ]);
  });

  test.each<[number, HttpConfig, boolean]>([
    [204, {}, true],
    [404, {}, false],
    [410, {}, false],
    [200, { statuses: [201] }, false],
    [302, { statuses: [302] }, true],
    [503, { tolerated_statuses: [503] }, false],
    [401, { tolerated_statuses: [401] }, false],
    [404, { statuses: [404] }, true],
  ])('finds %i with %j: %s', async (status, config, met) => {
    answer.status = status;
    expect(await poke(config)).toMatchObject(
      met ? { met, message: `${path} answers ${status}` } : { met, message: `waiting for ${path}: ${status}` },
    );
  });

  test.each([
    [401, 'UNAUTHENTICATED', false],
    [403, 'PERMISSION_DENIED', false],
    [408, 'UNAVAILABLE', true],
    [429, 'RESOURCE_EXHAUSTED', true],
    [500, 'UNAVAILABLE', true],
    [400, 'FAILED_PRECONDITION', false],
    [302, 'FAILED_PRECONDITION', false],
  ])('SE4: takes %i for %s', async (status, code, passes) => {
    answer.status = status;
    await expect(poke()).rejects.toMatchObject({ code, passes, message: expect.stringContaining(`${path}: ${status}`) });
  });

  test.each<[NonNullable<HttpConfig['json']>, boolean]>([
    [{ pointer: '/job/state', equals: 'done' }, true],
    [{ pointer: '/job/state', equals: 'running' }, false],
    [{ pointer: '/job/state', one_of: ['failed', 'done'] }, true],
    [{ pointer: '/job/state', one_of: ['failed'] }, false],
    [{ pointer: '/job/rows', at_least: 12 }, true],
    [{ pointer: '/job/rows', at_least: 13 }, false],
    [{ pointer: '/job/state', at_least: 0 }, false],
    [{ pointer: '/job/rows', at_least: 1, one_of: [12, 13] }, true],
    [{ pointer: '/job', equals: { rows: 12, state: 'done' } }, true],
    [{ pointer: '/job' }, true],
    [{ pointer: '/nothing' }, false],
    [{ pointer: '/job/state/length' }, false],
    [{ pointer: '/job/toString' }, false],
    [{ pointer: '/parts/0', equals: 'a' }, true],
    [{ pointer: '/parts/00' }, false],
    [{ pointer: '/parts/2' }, false],
    [{ pointer: '/parts/length' }, false],
    [{ pointer: '/parts/1/x~1y~0z', equals: null }, true],
    [{ pointer: '', one_of: [[], {}] }, false],
  ])('holds the JSON against %j: %s', async (json, met) => {
    expect((await poke({ json })).met).toBe(met);
  });

  test('tells what is missing in the JSON, but no value of it', async () => {
    expect(await poke({ json: { pointer: '/job/state', equals: 'geheim' } })).toEqual({
      met: false,
      message: `waiting for ${path}: 200, but /job/state is not as it must be`,
    });
    // The page of a proxy, for example.
    answer.body = undefined;
    expect(await poke({ json: { pointer: '/job/state' } })).toEqual({
      met: false,
      message: `waiting for ${path}: 200, but it has no /job/state`,
    });
  });

  test('reads no more of an answer than it looks at', async () => {
    await poke();
    await poke({ json: { pointer: '' } });
    expect(asked.map(({ options }) => [options.maxBytes, options.cut])).toEqual([
      [1024, true],
      [undefined, undefined],
    ]);
  });

  test('SE16: a thousand tasks of a project that ask the same ask once', async () => {
    await Promise.all(Array.from({ length: 1000 }, () => poke({ json: { pointer: '' } })));
    await poke({ json: { pointer: '' } }, 'other');
    expect(asked).toHaveLength(2);
  });
});

describe('R8: credentials', () => {
  test('are secrets by name, put in when the URL is asked for', async () => {
    await poke({ secret_headers: { Authorization: 'door' }, secret_query: { key: 'DOOR' } });
    expect(asked).toMatchObject([{ url: `${url}&key=geheimnis`, options: { headers: { Authorization: 'geheimnis' } } }]);
  });

  test('that are missing are told by name', async () => {
    await expect(poke({ secret_headers: { Authorization: 'window' } })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('no secret window'),
    });
    expect(asked).toEqual([]);
  });

  test.each<[HttpConfig, string]>([
    [{ url: 'https://user:geheim@example.com/' }, 'has a user or password in it'],
    [{ url: 'https://example.com/?token=geheim' }, 'has a token in it'],
    [{ headers: { authorization: 'geheim' } }, 'sensor_config.headers.authorization: would be stored in the cluster; use secret_headers'],
    [{ headers: { Cookie: 'geheim' } }, 'use secret_headers'],
    [{ headers: { 'X-Api-Key': 'geheim' } }, 'use secret_headers'],
    [{ headers: { 'x-vault-token': 'geheim' } }, 'use secret_headers'],
  ])('are refused in the config, and not repeated: %j', async (config, words) => {
    await expect(poke(config)).rejects.toThrow(words);
    await expect(poke(config)).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining('geheim') }));
    expect(asked).toEqual([]);
  });
});

test.each<[HttpConfig, string]>([
  [{ url: 'ftp://example.com/' }, 'is no http:// or https:// URL'],
  [{ url: 'example.com' }, 'is no http:// or https:// URL'],
  [{ body: {} }, 'sensor_config.body: only a POST sends one'],
])('%j is refused when the task is created: %s', async (config, words) => {
  await expect(poke(config)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) });
});

test('C15: tells apart what may be down apart', () => {
  expect(sensor.hostOf(sensorTask<HttpConfig>({}, { url }))).toBe('https://api.example.com');
});
