import { describe, expect, test } from 'vitest';
import { FetchFault } from './fault.ts';
import { redirected, toRequest, type Request } from './request.ts';

const url = new URL('https://a.example.com/from?x=1');

describe('a header that belongs to the connection is refused', () => {
  test.each([
    'Host',
    'host',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'Content-Length',
    'TE',
    'Trailer',
    'Upgrade',
    'HTTP2-Settings',
    'Expect',
    'Proxy-Authorization',
    'Proxy-Connection',
  ])('SW5: %s', (name) => {
    expect(() => toRequest(url, { headers: { [name]: 'x' } })).toThrow(`header "${name}" cannot be given`);
  });
});

test.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a\u0000', '(a)'])('SW7: a header named %j is refused', (name) => {
  expect(() => toRequest(url, { headers: { [name]: 'x' } })).toThrow(FetchFault);
});

test.each(['a\r\nX-Other: b', 'a\nb', 'a\rb', 'a\u0000b', 'a\u007Fb', 'ł', 'a\r\n\r\nGET / HTTP/1.1'])(
  'SW7: a header with the value %j is refused, and the value not told',
  (value) => {
    expect(() => toRequest(url, { headers: { 'X-Token': value } })).toThrow(/^the value of header "X-Token" is not valid$/);
  },
);

test.each(['CONNECT', 'TRACE', 'TRACK', 'get', '', 'GET /\r\nX', 'PROPFIND'])('SW5: method %j is refused', (method) => {
  expect(() => toRequest(url, { method })).toThrow('is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
});

test.each(['GET', 'HEAD'])('a %s request with a body is refused', (method) => {
  expect(() => toRequest(url, { method, body: '' })).toThrow(`a ${method} request cannot have a body`);
});

describe('SW5: a redirect changes the request as the fetch standard has it', () => {
  const same = new URL('/to', url);
  test.each<[number, string, string]>([
    [301, 'GET', 'GET'],
    [301, 'HEAD', 'HEAD'],
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'POST', 'GET'],
    [302, 'DELETE', 'DELETE'],
    [302, 'HEAD', 'HEAD'],
    [303, 'GET', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [307, 'POST', 'POST'],
    [307, 'GET', 'GET'],
    [308, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ])('%d after %s asks with %s', (status, method, expected) => {
    const body = method === 'GET' || method === 'HEAD' ? undefined : 'x';
    const request = toRequest(url, { method, headers: { 'Content-Type': 'text/plain', 'X-Key': 'k' }, body });
    const next = redirected(request, status, same);
    expect(next).toMatchObject({ url: same, method: expected });
    const isKept = body !== undefined && expected === method;
    expect(next.body === undefined).toBe(!isKept);
    expect(next.headers.has('content-type')).toBe(isKept || body === undefined);
    expect(next.headers.get('x-key')).toBe('k');
  });
});

describe('SW5: another origin learns no secret', () => {
  const headers = {
    Authorization: 'Bearer t',
    Cookie: 'a=b',
    'X-Api-Key': 'k',
    'X-Vault-Token': 'v',
    'Api-Key': 'k',
    Accept: 'text/html',
    'Accept-Language': 'en',
    'User-Agent': 'me',
    'If-None-Match': '"e"',
    Range: 'bytes=0-0',
  };
  const told = (to: string): string[] => [...redirected(toRequest(url, { headers }), 302, new URL(to)).headers.keys()];
  const harmless = ['user-agent', 'accept', 'accept-encoding', 'accept-language', 'if-none-match', 'range'];

  test.each(['https://b.example.com/', 'https://a.example.com:8443/', 'http://a.example.com/', 'https://example.com/'])('%s', (to) => {
    expect(told(to)).toEqual(harmless);
  });

  test('while the same origin is told all', () => {
    expect(told('https://a.example.com:443/other')).toEqual([...toRequest(url, { headers }).headers.keys()]);
  });

  const sent: Request = toRequest(new URL('http://a.example.com/'), {
    method: 'POST',
    body: 'the secret',
    headers: { 'content-type': 'x' },
  });

  test.each([307, 308])('by the body that a %d would carry to another host', (status) => {
    expect(() => redirected(sent, status, new URL('https://b.example.com/'))).toThrow(
      'redirects what was sent to another host, b.example.com',
    );
    expect(redirected(sent, status, new URL('https://a.example.com/'))).toMatchObject({ method: 'POST', body: sent.body });
  });

  test('while one that becomes a GET carries none', () => {
    expect(redirected(sent, 303, new URL('https://b.example.com/'))).toMatchObject({ method: 'GET', body: undefined });
  });
});
