import { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync, constants } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { TestNetwork, type World } from './__fixtures__/network.ts';
import { answering, rawSite, site } from './__fixtures__/site.ts';
import { createFetch, type CheckedFetch, type FetchOptions } from './fetch.ts';

const names = { 'a.example.com': ['93.184.215.14'], 'b.example.com': ['8.8.8.8'] };

/** A fetch for which the port is behind every address. */
function fetchAt(port: number, world: Partial<World> = {}): CheckedFetch {
  return createFetch({}, new TestNetwork({ names, port, ...world }));
}

async function faultOf(work: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (AgentError.is(error)) return error;
  throw new Error('no AgentError', { cause: error });
}

/** The error of a fetch from a site that answers every request so. */
async function fault(answer: string | Uint8Array, options: FetchOptions = {}): Promise<AgentError> {
  return faultOf(fetchAt(await answering(answer))('http://a.example.com/', options));
}

describe('an answer', () => {
  test('has its status, its headers, its body and where it came from', async () => {
    const { port, asked } = await site((_asked, response) => {
      response.writeHead(404, [
        ['X-A', '1'],
        ['x-a', '2'],
        ['Content-Type', 'application/json; charset=utf-8'],
      ]);
      response.end('{"grüße":[1]}');
    });
    const answer = await fetchAt(port)('HTTP://A.example.com./x/../y?q=1#part');
    expect(answer).toMatchObject({ status: 404, url: 'http://a.example.com./y?q=1', isCut: false });
    expect(answer.headers.get('x-a')).toBe('1, 2');
    expect(answer.text()).toBe('{"grüße":[1]}');
    expect(answer.json()).toEqual({ grüße: [1] });
    expect(answer.body).toEqual(new Uint8Array(Buffer.from('{"grüße":[1]}')));
    expect(answer.elapsedMs).toBeGreaterThan(0);
    expect(asked).toMatchObject([{ method: 'GET', url: '/y?q=1', headers: { host: 'a.example.com.', 'user-agent': 'flyte-agents' } }]);
  });

  test('is read in the charset that it names, if there is such', async () => {
    const body = Buffer.from([0x67, 0xfc]);
    const read = async (charset: string): Promise<string> => {
      const head = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=${charset}\r\n\r\n`);
      return (await fetchAt(await answering(Buffer.concat([head, body])))('http://a.example.com/')).text();
    };
    expect([await read('iso-8859-1'), await read('"windows-1252"'), await read('none')]).toEqual(['gü', 'gü', 'g\uFFFD']);
  });

  test('that is no JSON is told without a word of it', async () => {
    const answer = await fetchAt(await answering('HTTP/1.1 200 OK\r\n\r\nsecret'))('http://a.example.com/?token=t');
    expect(() => answer.json()).toThrow(/^fetch from a\.example\.com: the answer is not JSON$/);
  });

  test('to HEAD has no body, whatever its headers say', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-encoding: gzip\r\n\r\n';
    const answer = await fetchAt(await answering(head))('http://a.example.com/', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: new Uint8Array() });
  });

  test.each(['204 No Content', '304 Not Modified'])('with status %s has no body', async (status) => {
    const head = `HTTP/1.1 ${status}\r\ncontent-encoding: br\r\n\r\n`;
    expect((await fetchAt(await answering(head))('http://a.example.com/')).body).toHaveLength(0);
  });

  test('is waited for through what comes before it', async () => {
    const early = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    const answer = await fetchAt(await answering(`${early}HTTP/1.1 200 OK\r\n\r\nok`))('http://a.example.com/');
    expect([answer.status, answer.text()]).toEqual([200, 'ok']);
  });
});

describe('a request', () => {
  test('carries its method, headers and body', async () => {
    const { port, asked } = await site((_asked, response) => response.end());
    await fetchAt(port)('http://a.example.com/', { method: 'POST', headers: { 'X-Key': 'k', Accept: 'text/plain' }, body: 'grüße' });
    expect(asked).toMatchObject([
      { method: 'POST', body: 'grüße', headers: { 'x-key': 'k', accept: 'text/plain', 'content-length': '7', connection: 'close' } },
    ]);
    expect(asked[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  test.each(['DELETE', 'OPTIONS', 'PATCH', 'PUT'])('%s says how long its body is', async (method) => {
    const { port, asked } = await site((_asked, response) => response.end());
    await fetchAt(port)('http://a.example.com/', { method, body: new Uint8Array([97, 98]) });
    expect(asked).toMatchObject([{ method, body: 'ab', headers: { 'content-length': '2' } }]);
  });

  test('SW5: neither sends nor keeps cookies', async () => {
    const { port, asked } = await site((_asked, response) => response.writeHead(200, { 'set-cookie': 'a=b' }).end());
    const fetch = fetchAt(port);
    expect((await fetch('http://a.example.com/')).headers.get('set-cookie')).toBe('a=b');
    await fetch('http://a.example.com/');
    expect(asked[1]?.headers).not.toHaveProperty('cookie');
  });
});

describe('SW5: rebinding', () => {
  test('a name is asked for once, and only what was checked is connected to', async () => {
    const answers = [['93.184.215.14', '2600::1'], ['127.0.0.1']];
    const network = new TestNetwork({
      names: { 'a.example.com': () => answers.shift() ?? [] },
      port: await answering('HTTP/1.1 200 OK\r\n\r\n'),
    });
    await createFetch({}, network)('http://a.example.com/');
    expect([network.resolved, network.connected]).toEqual([['a.example.com'], ['93.184.215.14 80', '2600::1 80']]);
  });

  test('a name that has become private is refused the next time', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const network = new TestNetwork({
      names: { 'a.example.com': () => answers.shift() ?? [] },
      port: await answering('HTTP/1.1 200 OK\r\n\r\n'),
    });
    const fetch = createFetch({}, network);
    await fetch('http://a.example.com/');
    expect(await faultOf(fetch('http://a.example.com/'))).toMatchObject({ message: expect.stringContaining('a loopback address') });
    expect(network.connected).toHaveLength(1);
  });

  test('a name that has become private is refused when an answer redirects to it', async () => {
    const answers = [['93.184.215.14'], ['169.254.169.254']];
    const port = await answering('HTTP/1.1 302 Found\r\nlocation: /again\r\n\r\n');
    const network = new TestNetwork({ names: { 'a.example.com': () => answers.shift() ?? [] }, port });
    expect(await faultOf(createFetch({}, network)('http://a.example.com/'))).toMatchObject({
      message: expect.stringContaining('a metadata address'),
    });
    expect(network.connected).toHaveLength(1);
  });

  test('a name without any address is not connected to', async () => {
    const network = new TestNetwork({ names: { 'a.example.com': [] }, port: 1 });
    expect(await faultOf(createFetch({}, network)('http://a.example.com/'))).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
    expect(network.connected).toEqual([]);
  });
});

describe('SW5: redirects', () => {
  test('are followed, and what is secret is not told to another host', async () => {
    const { port, asked } = await site(({ url }, response) => {
      if (url === '/1') response.writeHead(302, { location: Buffer.from('2?x=ü').toString('latin1') }).end();
      else if (url === '/2?x=%C3%BC') response.writeHead(301, { location: 'http://b.example.com/3' }).end();
      else response.end('here');
    });
    const answer = await fetchAt(port)('http://a.example.com/1', { headers: { Authorization: 'Bearer t' } });
    expect(answer).toMatchObject({ url: 'http://b.example.com/3', status: 200 });
    expect(asked.map(({ url, headers }) => [headers.host, url, headers.authorization])).toEqual([
      ['a.example.com', '/1', 'Bearer t'],
      ['a.example.com', '/2?x=%C3%BC', 'Bearer t'],
      ['b.example.com', '/3', undefined],
    ]);
  });

  test('of a POST ask for the new place', async () => {
    const { port, asked } = await site(({ url }, response) => {
      if (url === '/') response.writeHead(303, { location: '/done' }).end();
      else response.end();
    });
    await fetchAt(port)('http://a.example.com/', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
    expect(asked).toMatchObject([
      { method: 'POST', body: 'x' },
      { method: 'GET', body: '', url: '/done' },
    ]);
    expect(asked[1]?.headers).not.toHaveProperty('content-type');
  });

  test('are followed five times and no more', async () => {
    const { port, asked } = await site(({ url }, response) => {
      const left = Number(url.slice(1));
      response.writeHead(left === 0 ? 200 : 302, { location: `/${left - 1}` }).end();
    });
    const fetch = fetchAt(port);
    expect(await fetch('http://a.example.com/5')).toMatchObject({ url: 'http://a.example.com/0', status: 200 });
    expect(await faultOf(fetch('http://a.example.com/6'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('redirects more than 5 times'),
    });
    expect(await fetch('http://a.example.com/1', { maxRedirects: 1 })).toMatchObject({ status: 200 });
    expect(await faultOf(fetch('http://a.example.com/2', { maxRedirects: 1 }))).toMatchObject({ passes: false });
    expect(asked).toHaveLength(6 + 6 + 2 + 2);
  });

  test('are answers where none is to be followed', async () => {
    const answer = await fetchAt(await answering('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\nthere'))(
      'http://a.example.com/',
      {
        maxRedirects: 0,
      },
    );
    expect([answer.status, answer.text(), answer.headers.get('location')]).toEqual([302, 'there', 'http://127.0.0.1/']);
  });

  test.each(['300 Multiple Choices', '304 Not Modified', '201 Created', '200 OK'])('are no answers with status %s', async (status) => {
    const port = await answering(`HTTP/1.1 ${status}\r\nlocation: http://127.0.0.1/\r\n\r\n`);
    expect(await fetchAt(port)('http://a.example.com/')).toMatchObject({ status: Number(status.slice(0, 3)) });
  });

  test('that say no place are answers', async () => {
    expect(await fetchAt(await answering('HTTP/1.1 302 Found\r\n\r\nhm'))('http://a.example.com/')).toMatchObject({ status: 302 });
  });
});

describe('SW7: an answer that is too large', () => {
  const large = Buffer.alloc(2 * 1024 * 1024, 'a');

  test('is an error beyond 1 MiB', async () => {
    const { port } = await site(({ url }, response) => response.end(large.subarray(0, Number(url.slice(1)))));
    const fetch = fetchAt(port);
    expect((await fetch('http://a.example.com/1048576')).body).toHaveLength(1024 * 1024);
    const error = await faultOf(fetch('http://a.example.com/1048577', { method: 'POST' }));
    expect(error).toMatchObject({ code: 'OUT_OF_RANGE', passes: false, submitted: 'unknown' });
    expect(error.message).toBe('fetch from a.example.com: the answer is larger than 1048576 bytes');
  });

  test('is cut off where that is asked for', async () => {
    const { port } = await site((_asked, response) => response.end('{"a":1}'));
    const answer = await fetchAt(port)('http://a.example.com/', { maxBytes: 3, cut: true });
    expect([answer.text(), answer.isCut]).toEqual(['{"a', true]);
    expect(() => answer.json()).toThrow('the answer was cut off');
    expect(await fetchAt(port)('http://a.example.com/', { maxBytes: 7, cut: true })).toMatchObject({ isCut: false });
  });

  test('is not read to its end', async () => {
    let sent = 0;
    const port = await rawSite((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.writable && socket.write(large, () => (sent += large.length)));
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
    });
    expect((await faultOf(fetchAt(port)('http://a.example.com/'))).code).toBe('OUT_OF_RANGE');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test.each([
    ['gzip', gzipSync(large)],
    ['x-gzip', gzipSync(large)],
    ['deflate', deflateSync(large)],
    ['br', brotliCompressSync(large)],
    ['zstd', zstdCompressSync(large)],
  ])('when decoded from %s is an error, and cut off where that is asked for', async (encoding, bytes) => {
    expect(bytes.byteLength).toBeLessThan(10_000);
    const { port } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    const fetch = fetchAt(port);
    expect(await faultOf(fetch('http://a.example.com/'))).toMatchObject({ code: 'OUT_OF_RANGE', passes: false });
    const answer = await fetch('http://a.example.com/', { cut: true });
    expect([answer.body.length, answer.isCut]).toEqual([1024 * 1024, true]);
    expect((await fetch('http://a.example.com/', { maxBytes: large.length })).body).toHaveLength(large.length);
  });

  test('before it is decoded is an error, however little comes out', async () => {
    const nothing = Buffer.concat(Array.from({ length: 200 }, () => gzipSync('')));
    const { port } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(nothing));
    expect((await fetchAt(port)('http://a.example.com/')).body).toHaveLength(0);
    expect(await faultOf(fetchAt(port)('http://a.example.com/', { maxBytes: 1000 }))).toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(await fetchAt(port)('http://a.example.com/', { maxBytes: 1000, cut: true })).toMatchObject({ isCut: true });
  });

  test('takes no more memory than it may, in one million parts', async () => {
    const port = await answering(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(1024 * 1024)}0\r\n\r\n`);
    const before = process.memoryUsage();
    const answer = await fetchAt(port)('http://a.example.com/');
    const after = process.memoryUsage();
    expect(answer.body).toHaveLength(1024 * 1024);
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('SW7: an encoding', () => {
  const text = 'hello '.repeat(100);

  test.each([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['gzip', Buffer.concat([gzipSync('hello '), gzipSync(text.slice(6))])],
  ])('%s is decoded', async (encoding, bytes) => {
    const { port, asked } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    expect((await fetchAt(port)('http://a.example.com/')).text()).toBe(text);
    expect(asked[0]?.headers['accept-encoding']).toBe('gzip, br, zstd');
  });

  test.each([
    ['gzip, gzip', gzipSync(gzipSync(text))],
    ['compress', gzipSync(text)],
    ['identity', Buffer.from(text)],
    ['gzip;q=1', gzipSync(text)],
  ])('%s is left to the caller', async (encoding, bytes) => {
    const { port } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    expect((await fetchAt(port)('http://a.example.com/')).body).toEqual(new Uint8Array(bytes));
  });

  test('zstd with a window of 128 MiB is not decoded', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 27 };
    // Longer than the window that is allowed, or the encoder makes it smaller.
    const bytes = zstdCompressSync(Buffer.alloc(32 * 1024 * 1024), { params });
    const { port } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end(bytes));
    expect(await faultOf(fetchAt(port)('http://a.example.com/', { cut: true }))).toMatchObject({
      message: 'fetch from a.example.com: the answer cannot be read (ZSTD_error_frameParameter_windowTooLarge)',
    });
  });

  test.each<[string, string, Uint8Array]>([
    ['cut off', 'gzip', gzipSync(text).subarray(0, 20)],
    ['cut off', 'br', brotliCompressSync(text).subarray(0, 10)],
    ['cut off', 'zstd', zstdCompressSync(text).subarray(0, 10)],
    ['wrong', 'gzip', Buffer.from(text)],
    ['wrong', 'deflate', Buffer.from(text)],
    ['wrong', 'zstd', Buffer.from(text)],
  ])('that is %s is a fault of the service (%s)', async (_what, encoding, bytes) => {
    const { port } = await site((_asked, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    expect(await faultOf(fetchAt(port)('http://a.example.com/'))).toMatchObject({
      code: 'UNAVAILABLE',
      passes: true,
      submitted: 'unknown',
      message: expect.stringContaining('the answer cannot be read ('),
    });
  });
});

describe('SW7: headers', () => {
  const head = 'HTTP/1.1 200 OK\r\n';

  test.each([
    ['one of 20,000 bytes', `${head}x-a: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['50 of 500 bytes', `${head}${`x-a: ${'a'.repeat(500)}\r\n`.repeat(50)}\r\n`],
    ['ever more', `${head}${'x-a: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(100_000)}`],
    ['one without end', `${head}x-${'a'.repeat(1_000_000)}`],
  ])('larger than 16 KiB are an error: %s', async (_what, answer) => {
    const error = await fault(answer);
    expect(error).toMatchObject({ code: 'OUT_OF_RANGE', passes: false, submitted: 'unknown' });
    expect(error.message).toBe('fetch from a.example.com: the headers of the answer are too large');
  });

  test('more than 100 are an error', async () => {
    expect(await fault(`${head}${'a: b\r\n'.repeat(101)}\r\n`)).toMatchObject({ code: 'OUT_OF_RANGE', passes: false });
    const answer = await fetchAt(await answering(`${head}${'a: b\r\n'.repeat(100)}\r\nok`))('http://a.example.com/');
    expect(answer.text()).toBe('ok');
  });
});

describe('SW8: a fault of the network', () => {
  test.each<[string, string]>([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a newer HTTP', 'HTTP/9.1 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a header with a control character', 'HTTP/1.1 200 OK\r\nx-a: \u0001\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
    ['a wrong chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'],
    ['nothing', ''],
    ['half a header', 'HTTP/1.1 200 OK\r\nx-a'],
    ['less than it said', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nab'],
    [
      'a megabyte of headers after the body',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`,
    ],
    [
      'a megabyte of words beside a chunk',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'a'.repeat(1_000_000)}\r\na\r\n0\r\n\r\n`,
    ],
    ['chunks without an end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n'],
  ])('passes, with an outcome that nobody knows: %s', async (_what, answer) => {
    const error = await fault(answer, { method: 'POST', body: 'x' });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', origin: 'system', passes: true, submitted: 'unknown' });
    expect(error.message).toMatch(/^fetch from a\.example\.com: /);
  });

  test('passes when the name cannot be resolved, and nothing was sent', async () => {
    const error = await faultOf(fetchAt(1)('http://no.example.com/secret?token=t'));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', origin: 'system', passes: true, submitted: 'no' });
    expect(error.message).toBe('fetch from no.example.com: there is no such host');
  });

  test('passes when the connection is refused, and nothing was sent', async () => {
    const error = await faultOf(fetchAt(1)('http://a.example.com/', { method: 'POST' }));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      passes: true,
      submitted: 'no',
      message: 'fetch from a.example.com: the connection was refused',
    });
  });

  test('passes when the connection is cut off before an answer', async () => {
    const port = await rawSite((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await faultOf(fetchAt(port)('http://a.example.com/', { method: 'POST' }))).toMatchObject({
      code: 'UNAVAILABLE',
      passes: true,
      submitted: 'unknown',
      message: 'fetch from a.example.com: the connection was cut off',
    });
  });

  test.each(['content-length: 10', 'x-length: none'])('passes when the connection is cut off in an answer with %s', async (header) => {
    const port = await rawSite((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\nab`, () => socket.resetAndDestroy()));
    });
    expect(await faultOf(fetchAt(port)('http://a.example.com/'))).toMatchObject({ code: 'UNAVAILABLE', submitted: 'unknown' });
  });

  test('after a redirect of what was sent has an outcome that nobody knows', async () => {
    const port = await answering('HTTP/1.1 303 See Other\r\nlocation: http://no.example.com/\r\n\r\n');
    const error = await faultOf(fetchAt(port)('http://a.example.com/', { method: 'POST' }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', submitted: 'unknown' });
    expect(error.message).toBe('fetch from no.example.com (redirected from a.example.com): there is no such host');
  });
});

describe('SW7: what takes too long', () => {
  const never = new Promise<readonly string[]>(() => {});

  test('to resolve', async () => {
    const network = Object.assign(new TestNetwork({ port: 1 }), { resolve: () => never });
    const error = await faultOf(createFetch({}, network)('http://a.example.com/', { connectTimeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', passes: true, submitted: 'no' });
    expect(error.message).toBe('fetch from a.example.com: there was no connection within 30 ms');
  });

  test('to do TLS', async () => {
    const port = await rawSite(() => {});
    const error = await faultOf(fetchAt(port)('https://a.example.com/', { connectTimeoutMs: 100 }));
    expect(error).toMatchObject({ submitted: 'no', message: 'fetch from a.example.com: there was no connection within 100 ms' });
  });

  test('to begin an answer', async () => {
    const port = await rawSite(() => {});
    const error = await faultOf(fetchAt(port)('http://a.example.com/', { headersTimeoutMs: 30 }));
    expect(error).toMatchObject({ submitted: 'unknown', message: 'fetch from a.example.com: it gave no answer within 30 ms' });
  });

  test('in the middle of the headers', async () => {
    const port = await rawSite((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('a: b\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    expect((await faultOf(fetchAt(port)('http://a.example.com/', { headersTimeoutMs: 60 }))).message).toContain('no answer within 60 ms');
  });

  test('in the body, although it never stops', async () => {
    const port = await rawSite((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const timer = setInterval(() => socket.write('a'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const error = await faultOf(fetchAt(port)('http://a.example.com/', { headersTimeoutMs: 10_000, timeoutMs: 100 }));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      submitted: 'unknown',
      message: 'fetch from a.example.com: it was not over within 100 ms',
    });
  });

  test('over all redirects', async () => {
    const { port } = await site((_asked, response) => setTimeout(() => response.writeHead(302, { location: '/' }).end(), 40));
    expect((await faultOf(fetchAt(port)('http://a.example.com/', { timeoutMs: 100 }))).message).toContain('not over within 100 ms');
  });

  test('is only the beginning of an answer: the rest may take longer', async () => {
    const port = await rawSite((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nslow');
        setTimeout(() => socket.end('ly'), 700);
      });
    });
    expect((await fetchAt(port)('http://a.example.com/', { headersTimeoutMs: 500 })).text()).toBe('slowly');
  });
});

/** A site whose sockets tell when they are closed, which it does not do itself. */
async function patient(answer: string): Promise<{ port: number; closed: Promise<void> }> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const port = await rawSite((socket) => {
    socket.once('data', () => socket.write(answer));
    socket.on('close', () => resolve());
  });
  return { port, closed };
}

test('SW7: a time of years is no time of nothing', async () => {
  const options = { timeoutMs: 1e12, headersTimeoutMs: 1e12, connectTimeoutMs: Infinity };
  expect((await fetchAt(await answering('HTTP/1.1 200 OK\r\n\r\nok'))('http://a.example.com/', options)).text()).toBe('ok');
});

describe('nothing is left open', () => {
  test.each<[string, string, string, FetchOptions]>([
    ['an answer', 'http://a.example.com/', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na', {}],
    ['a redirect that is refused', 'http://a.example.com/', 'HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\n\r\n', {}],
    ['too large an answer', 'http://a.example.com/', 'HTTP/1.1 200 OK\r\n\r\nabc', { maxBytes: 2 }],
    ['no answer', 'http://a.example.com/', '', { headersTimeoutMs: 50 }],
    ['no TLS', 'https://a.example.com/', '', { connectTimeoutMs: 100 }],
  ])('after %s', async (_what, url, answer, options) => {
    const { port, closed } = await patient(answer);
    await fetchAt(port)(url, options).catch(() => {});
    await expect(closed).resolves.toBeUndefined();
  });

  test('when there is no connection in time', async () => {
    const socket = new Socket();
    const network = Object.assign(new TestNetwork({ names, port: 1 }), { connect: () => socket });
    expect((await faultOf(createFetch({}, network)('http://a.example.com/', { connectTimeoutMs: 30 }))).submitted).toBe('no');
    expect(socket.destroyed).toBe(true);
  });
});

describe('a signal', () => {
  test('ends it before anything is asked of the network', async () => {
    const network = new TestNetwork({ names, port: 1 });
    const error = await faultOf(createFetch({}, network)('http://a.example.com/', { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'CANCELLED', submitted: 'no', message: 'fetch from a.example.com: the caller cancelled it' });
    expect([network.resolved, network.connected]).toEqual([[], []]);
  });

  test('ends it while it waits, and says when that is for the deadline', async () => {
    const controller = new AbortController();
    const port = await rawSite((socket) => {
      socket.once('data', () => controller.abort(new DOMException('the deadline of the call is near', 'TimeoutError')));
    });
    const error = await faultOf(fetchAt(port)('http://a.example.com/', { signal: controller.signal }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', submitted: 'unknown', passes: true });
  });

  test('ends it in the middle of the body', async () => {
    const controller = new AbortController();
    const port = await rawSite((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n');
        socket.write(gzipSync('abc').subarray(0, 12), () => setTimeout(() => controller.abort(), 20));
      });
    });
    expect(await faultOf(fetchAt(port)('http://a.example.com/', { signal: controller.signal }))).toMatchObject({ code: 'CANCELLED' });
  });

  test('of a caller that fetches often is not listened to afterwards', async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    await fetchAt(await answering('HTTP/1.1 200 OK\r\n\r\n'))('http://a.example.com/', { signal });
    expect(remove).toHaveBeenCalledWith('abort', expect.any(Function));
  });
});

test('R8: no message has the path, the query, a header or a password of the URL', async () => {
  const url = 'http://a.example.com/services/SECRET/x?token=SECRET';
  const errors = [
    await faultOf(fetchAt(1)(url)),
    await faultOf(fetchAt(1)(url, { headers: { 'X-Token': 'SECRET\n' } })),
    await faultOf(fetchAt(1)(`ftp:SECRET`)),
    await faultOf(fetchAt(1)('http://SECRET:SECRET@a.example.com/')),
    await faultOf(fetchAt(1)('not a URL SECRET')),
    await faultOf(fetchAt(await answering('HTTP/1.1 302 Found\r\nlocation: http://x:SECRET@b.example.com/\r\n\r\n'))(url)),
    await faultOf(fetchAt(await answering('HTTP/1.1 302 Found\r\nlocation: http://no.example.com/SECRET?SECRET\r\n\r\n'))(url)),
    await faultOf(fetchAt(await answering('SECRET\r\n\r\n'))(url)),
  ];
  for (const error of errors) expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error.cause)}`).not.toContain('SECRET');
});
