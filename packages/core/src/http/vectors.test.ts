import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AgentError } from '../errors.ts';
import { references, vectors, type Vector } from './__fixtures__/vectors.ts';
import { TestNetwork } from './__fixtures__/network.ts';
import { createFetch } from './fetch.ts';

/** Behind every address: redirects the start to where `target` says, answers all else. */
let server: Server;
let target = '';
let connections = 0;

beforeAll(async () => {
  server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.once('data', (request) => {
      const isStart = /\r\nhost: start\.example\.com\r\n/i.test(String(request));
      socket.end(isStart ? `HTTP/1.1 302 Found\r\nlocation: ${target}\r\n\r\n` : 'HTTP/1.1 200 OK\r\n\r\nsecret');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => server.close());
beforeEach(() => {
  connections = 0;
});

function worldOf({ url, addresses = [] }: Vector, proxy?: string): TestNetwork {
  const address = server.address();
  const name = addresses.length === 0 ? undefined : new URL(url).hostname.replace(/\.$/, '');
  return new TestNetwork({
    names: { 'start.example.com': ['93.184.215.14'], ...(name === undefined ? {} : { [name]: addresses }) },
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ...(proxy === undefined ? {} : { proxy }),
  });
}

async function refusal(network: TestNetwork, url: string): Promise<AgentError> {
  const answer = await createFetch({}, network)(url).catch((error: unknown) => error);
  if (AgentError.is(answer)) return answer;
  throw new Error(`${url} was fetched`);
}

/** A test's name, which a terminal shows. */
const named = (list: readonly Vector[]) => list.map((vector) => ({ ...vector, shown: JSON.stringify(vector.url).slice(0, 100) }));

test('SW5: there are more than 200 ways around the guard, each once', () => {
  expect(vectors.length).toBeGreaterThan(350);
  expect(new Set(vectors.map(({ url }) => url)).size).toBe(vectors.length);
});

describe('SW5: a URL that leads into a private network is refused before anything is connected', () => {
  test.each(named(vectors))('$shown', async (vector) => {
    const network = worldOf(vector);
    const error = await refusal(network, vector.url);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', origin: 'user', passes: false, submitted: 'no' });
    expect(error.message).toContain(vector.why);
    expect({ connections, connected: network.connected }).toEqual({ connections: 0, connected: [] });
    expect(network.resolved).toHaveLength(vector.addresses === undefined ? 0 : 1);
  });

  test('while a public one is fetched', async () => {
    const network = worldOf({ url: 'http://public.example.com/', why: '', addresses: ['93.184.215.14'] });
    expect((await createFetch({}, network)('http://public.example.com/')).text()).toBe('secret');
    expect({ connections, connected: network.connected }).toEqual({ connections: 1, connected: ['93.184.215.14 80'] });
  });
});

describe('SW5: a redirect that leads into a private network is refused before anything is connected', () => {
  const targets = [...vectors.filter(({ notInRedirects }) => notInRedirects !== true), ...references];
  test.each(named(targets))('$shown', async (vector) => {
    const network = worldOf(vector);
    target = vector.url;
    const error = await refusal(network, 'http://start.example.com/');
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', origin: 'user', passes: false });
    expect(error.message).toContain(vector.why);
    expect(error.message).toContain('start.example.com');
    expect({ connections, connected: network.connected }).toEqual({ connections: 1, connected: ['93.184.215.14 80'] });
  });

  test('while a public one is followed', async () => {
    const network = worldOf({ url: 'http://public.example.com/', why: '', addresses: ['8.8.8.8'] });
    target = '//public.example.com/there';
    const answer = await createFetch({}, network)('http://start.example.com/');
    expect(answer).toMatchObject({ url: 'http://public.example.com/there', status: 200 });
    expect(network.connected).toEqual(['93.184.215.14 80', '8.8.8.8 80']);
  });
});

describe('SW5: a proxy is not asked for a URL that leads into a private network', () => {
  test.each(named(vectors))('$shown', async (vector) => {
    const network = worldOf(vector, 'http://proxy.example.com:3128');
    expect((await refusal(network, vector.url)).message).toContain(vector.why);
    expect({ connections, connected: network.connected }).toEqual({ connections: 0, connected: [] });
  });
});
