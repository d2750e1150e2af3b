import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createFetch, type CheckedFetch } from '@flyte-agents/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pokeContext } from './__fixtures__/objects.ts';
import { Looks, type SeenDocument } from './client.ts';

let server: Server;
let url: URL;
let fetch: CheckedFetch;
let asked: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.range ?? ''}`.trim());
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? Number(address?.port) : 0;
  url = new URL(`http://127.0.0.1:${port}/in/data.csv?day=1`);
  fetch = createFetch({ allowHosts: ['127.0.0.1'], allowPorts: [port] });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

async function look(): Promise<SeenDocument | undefined> {
  return new Looks(0).document(url, pokeContext({ fetch }));
}

const described = { etag: '"abc"', 'last-modified': 'Sat, 31 Jan 2026 06:00:00 GMT', date: 'Sat, 31 Jan 2026 07:00:00 GMT' };

describe('SE1: a document on the web', () => {
  test('is looked at by its head', async () => {
    answer = (_request, response) => response.writeHead(200, { ...described, 'content-length': 5 }).end();
    expect(await look()).toEqual({
      url: url.href,
      key: '/in/data.csv',
      size: 5,
      etag: 'abc',
      modifiedAt: Date.UTC(2026, 0, 31, 6),
      seenAt: Date.UTC(2026, 0, 31, 7),
    });
    expect(asked).toEqual(['HEAD']);
  });

  test.each([405, 501])('is looked at by its first byte where HEAD is answered with %i', async (status) => {
    answer = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(status).end();
      else response.writeHead(206, { ...described, etag: 'W/"abc"', 'content-range': 'bytes 0-0/12345' }).end('x');
    };
    expect(await look()).toMatchObject({ size: 12_345, etag: 'abc' });
    expect(asked).toEqual(['HEAD', 'GET bytes=0-0']);
  });

  test('is read no further by servers that know no ranges', async () => {
    answer = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(405).end();
      else response.writeHead(200, { 'content-length': 5_000_000 }).end('x'.repeat(5_000_000));
    };
    expect(await look()).toMatchObject({ size: 5_000_000 });
  });

  test('may be empty, and have no first byte', async () => {
    answer = ({ method }, response) => response.writeHead(method === 'HEAD' ? 405 : 416, { 'content-range': 'bytes */0' }).end();
    expect(await look()).toMatchObject({ size: 0 });
  });

  test('may have neither size nor times nor tag', async () => {
    answer = (_request, response) => {
      response.sendDate = false;
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end();
    };
    const seen = await look();
    expect(seen).toMatchObject({ size: undefined, etag: undefined, modifiedAt: undefined });
    expect(Math.abs((seen?.seenAt ?? 0) - Date.now())).toBeLessThan(5000);
  });

  test.each([404, 410])('is not there: %i', async (status) => {
    answer = (_request, response) => response.writeHead(status).end();
    expect(await look()).toBeUndefined();
  });

  test.each([
    [401, 'UNAUTHENTICATED', false, 'it wants credentials: use sensor_config.kind http with secret_headers'],
    [403, 'PERMISSION_DENIED', false, 'let the server read it'],
    [429, 'RESOURCE_EXHAUSTED', true, ': 429'],
    [503, 'UNAVAILABLE', true, ': 503'],
    [400, 'FAILED_PRECONDITION', false, ': 400'],
  ])('SE4: cannot be looked at: %i is %s', async (status, code, passes, words) => {
    answer = (_request, response) => response.writeHead(status).end();
    const path = url.href.replace('?day=1', '');
    const fault = { code, passes, message: expect.stringMatching(new RegExp(`^${path}: ${status}.*${words.replace(/^: \d+$/, '')}`)) };
    await expect(look()).rejects.toMatchObject(fault);
  });

  test('SE4: a connection that is reset passes by itself', async () => {
    answer = (request) => request.socket.resetAndDestroy();
    await expect(look()).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
  });

  test('R5: is not waited for when the call is over', async () => {
    const controller = new AbortController();
    answer = () => controller.abort();
    const ended = new Looks(0).document(url, pokeContext({ fetch, signal: controller.signal }));
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('SW5: is not looked for where the server may not fetch from', async () => {
    await expect(new Looks(0).document(url, pokeContext())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', passes: false });
    expect(asked).toEqual([]);
  });
});
