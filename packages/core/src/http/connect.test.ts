import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { authority, certificate, type Pair } from '../__fixtures__/certificates.ts';
import { AgentError } from '../errors.ts';
import { TestNetwork, type World } from './__fixtures__/network.ts';
import { proxy, rawSite, site } from './__fixtures__/site.ts';
import { createFetch, type FetchOptions } from './fetch.ts';

// What the certificates of tests are for.
const policy = { allowHosts: ['localhost', '127.0.0.1'] };
const names = {
  localhost: ['127.0.0.1'],
  'a.example.com': ['93.184.215.14'],
  'v6.example.com': ['2600::1'],
  'both.example.com': ['2600::1', '93.184.215.14'],
};
let ca: Pair;
let pair: Pair;

beforeAll(async () => {
  ca = await authority('tests');
  pair = await certificate('site', { issuer: ca });
});

async function faultOf(work: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (AgentError.is(error)) return error;
  throw new Error('no AgentError', { cause: error });
}

function fetchIn(world: World, options: FetchOptions = {}): (url: string) => ReturnType<ReturnType<typeof createFetch>> {
  const fetch = createFetch(policy, new TestNetwork({ names, ca: ca.cert, ...world }));
  return (url) => fetch(url, options);
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

async function withEnvironment<Value>(variables: Readonly<Record<string, string>>, work: () => Promise<Value>): Promise<Value> {
  for (const [name, value] of Object.entries({ HTTP_PROXY: '', HTTPS_PROXY: '', ALL_PROXY: '', NO_PROXY: '', ...variables })) {
    vi.stubEnv(name, value);
    vi.stubEnv(name.toLowerCase(), '');
  }
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

describe('SW5: TLS', () => {
  test.each([
    ['https://localhost/', 'localhost'],
    ['https://127.0.0.1/', false],
  ])('is done for %s, whose certificate is trusted', async (url, servername) => {
    const { port, asked } = await site((_asked, response) => response.end('hello'), pair);
    expect((await fetchIn({ port })(url)).text()).toBe('hello');
    expect(asked).toMatchObject([{ servername }]);
  });

  test.each<[string, string, () => Promise<Pair> | Pair]>([
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'a.example.com', () => pair],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'localhost', () => certificate('itself')],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'localhost', async () => certificate('site', { issuer: await authority('others') })],
    [
      'CERT_HAS_EXPIRED',
      'localhost',
      () => certificate('site', { issuer: ca, notBefore: new Date(Date.now() - 2000), notAfter: new Date(Date.now() - 1000) }),
    ],
  ])('refuses a certificate for %s, also where the environment would not', async (code, host, makePair) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { port, asked } = await site((_asked, response) => response.end(), await makePair());
    const error = await faultOf(fetchIn({ port }, { method: 'POST' })(`https://${host}/`));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', origin: 'system', passes: false, submitted: 'no' });
    expect(error.message).toBe(`fetch from ${host}: the certificate of ${host} is not accepted (${code})`);
    expect(asked).toEqual([]);
  });

  test('that the site does not speak is a fault before anything was sent', async () => {
    const port = await rawSite((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await faultOf(fetchIn({ port })('https://localhost/'))).toMatchObject({ code: 'UNAVAILABLE', passes: true, submitted: 'no' });
  });

  test('that the site breaks off is a fault before anything was sent', async () => {
    const port = await rawSite((socket) => socket.destroy());
    expect(await faultOf(fetchIn({ port })('https://localhost/'))).toMatchObject({ code: 'UNAVAILABLE', passes: true, submitted: 'no' });
  });

  test('is not left for plain HTTP by a redirect', async () => {
    const { port, asked } = await site((_asked, response) => response.writeHead(302, { location: 'http://localhost/' }).end(), pair);
    const error = await faultOf(fetchIn({ port })('https://localhost/'));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'fetch from localhost: it redirects from https to http' });
    expect(asked).toHaveLength(1);
  });
});

describe('SW5: through a proxy', () => {
  test('a site is reached by its checked address, and certified by its name', async () => {
    const { port, asked } = await site((_asked, response) => response.end('hello'), pair);
    const { port: proxyPort, tunnelled } = await proxy(port);
    const world = { port: proxyPort, proxy: 'http://proxy.internal:3128', names };
    // Not listed by name: resolved, and checked.
    const fetch = createFetch({ allowHosts: ['127.0.0.1'] }, new TestNetwork({ ...world, ca: ca.cert }));
    expect((await fetch('https://127.0.0.1/')).text()).toBe('hello');
    expect((await faultOf(fetch('https://a.example.com/'))).message).toContain('the certificate of a.example.com is not accepted');
    expect(tunnelled.map((each) => [each.authority, each.host])).toEqual([
      ['127.0.0.1:443', '127.0.0.1:443'],
      ['93.184.215.14:443', '93.184.215.14:443'],
    ]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['http://a.example.com/', '93.184.215.14:80'],
    ['http://v6.example.com/', '[2600::1]:80'],
    ['http://both.example.com/', '93.184.215.14:80'],
  ])('%s is reached at %s', async (url, expected) => {
    const { port, asked } = await site((_asked, response) => response.end('hello'));
    const { port: proxyPort, tunnelled } = await proxy(port);
    expect((await fetchIn({ port: proxyPort, proxy: 'http://proxy.internal:3128' })(url)).text()).toBe('hello');
    expect(tunnelled).toMatchObject([{ authority: expected, credentials: undefined }]);
    expect(asked[0]?.headers.host).toBe(new URL(url).host);
  });

  test('a host that an operator allows is reached by its name, which only the proxy may know', async () => {
    const { port } = await site((_asked, response) => response.end('hello'));
    const { port: proxyPort, tunnelled } = await proxy(port);
    const network = new TestNetwork({ port: proxyPort, proxy: 'http://proxy.internal:3128' });
    const fetch = createFetch({ allowHosts: ['*.example.net'] }, network);
    await fetch('http://wiki.example.net/');
    expect(await faultOf(fetch('http://other.example.com/'))).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
    expect(tunnelled).toMatchObject([{ authority: 'wiki.example.net:80' }]);
    expect(network.resolved).toEqual(['other.example.com']);
  });

  test('redirects are checked too', async () => {
    const { port } = await site((_asked, response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end());
    const { port: proxyPort, tunnelled } = await proxy(port);
    const error = await faultOf(fetchIn({ port: proxyPort, proxy: 'http://proxy.internal:3128' })('http://a.example.com/'));
    expect(error.message).toContain('a private address');
    expect(tunnelled).toHaveLength(1);
  });

  test('its password is for the proxy only', async () => {
    const { port, asked } = await site((_asked, response) => response.end());
    const { port: proxyPort, tunnelled } = await proxy(port);
    await fetchIn({ port: proxyPort, proxy: 'http://us%20er:p%40ss@proxy.internal:3128' })('http://a.example.com/');
    await fetchIn({ port: proxyPort, proxy: 'http://user:100%@proxy.internal:3128' })('http://a.example.com/');
    expect(tunnelled.map(({ credentials }) => credentials)).toEqual([basic('us er:p@ss'), basic('user:100%')]);
    expect(asked[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  test('the proxy itself may speak TLS', async () => {
    const { port } = await site((_asked, response) => response.end('hello'), pair);
    const { port: proxyPort, tunnelled } = await proxy(port, pair);
    expect((await fetchIn({ port: proxyPort, proxy: 'https://localhost:3129' })('https://127.0.0.1/')).text()).toBe('hello');
    expect(tunnelled).toHaveLength(1);
  });

  test.each([
    ['403 Forbidden', false],
    ['407 Proxy Authentication Required', false],
    ['502 Bad Gateway', true],
    ['302 Found', false],
  ])('its %s is told, without its password', async (status, passes) => {
    const { port } = await proxy(status);
    const error = await faultOf(fetchIn({ port, proxy: 'http://user:secret@proxy.internal:3128' })('https://a.example.com/x?token=secret'));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', origin: 'system', passes, submitted: 'no' });
    expect(error.message).toBe(
      `fetch from a.example.com: the proxy proxy.internal:3128 answered ${status.slice(0, 3)} to CONNECT 93.184.215.14:443; ` +
        'hosts in the setting allowHosts are asked of it by name',
    );
  });

  test.each<[string, Partial<World>, string]>([
    ['is not there', { port: 1 }, 'the proxy proxy.internal:3128 cannot be reached (ECONNREFUSED)'],
    [
      'is no proxy',
      { proxy: 'socks5://user:secret@proxy.internal:1080' },
      'the proxy in HTTP_PROXY or HTTPS_PROXY is no http or https URL',
    ],
    ['is no URL', { proxy: 'http://:secret' }, 'the proxy in HTTP_PROXY or HTTPS_PROXY is no http or https URL'],
  ])('one that %s is told', async (_what, world, message) => {
    const error = await faultOf(fetchIn({ port: 1, proxy: 'http://proxy.internal:3128', ...world })('http://a.example.com/'));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no', message: `fetch from a.example.com: ${message}` });
  });

  test.each([
    ['nothing', ''],
    ['no HTTP', 'SSH-2.0\r\n'],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(10_000)}`],
  ])('one that answers with %s is told', async (_what, answer) => {
    const port = await rawSite((socket) => socket.once('data', () => socket.end(answer)));
    const error = await faultOf(fetchIn({ port, proxy: 'http://proxy.internal:3128' })('http://a.example.com/'));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      submitted: 'no',
      message: expect.stringContaining('the proxy proxy.internal:3128 gave no answer ('),
    });
  });

  test('one that never answers is not waited for', async () => {
    const port = await rawSite(() => {});
    const world = { port, proxy: 'http://proxy.internal:3128' };
    const error = await faultOf(fetchIn(world, { connectTimeoutMs: 50 })('http://a.example.com/'));
    expect(error).toMatchObject({ submitted: 'no', message: 'fetch from a.example.com: there was no connection within 50 ms' });
  });
});

describe('SW5: on the real network of this machine', () => {
  test('this machine is reached where that is allowed, and only there', async () => {
    const { port, asked } = await site((_asked, response) => response.end('hello'));
    await withEnvironment({}, async () => {
      expect((await createFetch({ allowHosts: [`localhost:${port}`] })(`http://localhost:${port}/`)).text()).toBe('hello');
      expect((await createFetch({ allowHosts: ['127.0.0.0/8'], allowPorts: [port] })(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
      for (const name of ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'])
        expect((await faultOf(createFetch({ allowPorts: [port] })(`http://${name}:${port}/`))).code).toBe('INVALID_ARGUMENT');
    });
    expect(asked).toHaveLength(2);
  });

  test('the proxy of the environment is used, but for what is in NO_PROXY', async () => {
    const { port, asked } = await site((_asked, response) => response.end('hello'));
    const { port: proxyPort, tunnelled } = await proxy(port);
    const given = { allowHosts: [`127.0.0.1:${port}`, `localhost:${port}`] };
    await withEnvironment({ HTTP_PROXY: `http://127.0.0.1:${proxyPort}`, NO_PROXY: 'localhost' }, async () => {
      await createFetch(given)(`http://127.0.0.1:${port}/`);
      await createFetch(given)(`http://localhost:${port}/`);
      expect((await faultOf(createFetch(given)('http://10.0.0.1/'))).message).toContain('a private address');
    });
    expect(tunnelled).toMatchObject([{ authority: `127.0.0.1:${port}` }]);
    expect(asked).toHaveLength(2);
  });
});
