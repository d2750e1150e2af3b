import { firstLine } from '../errors.ts';
import { refused } from './fault.ts';
import { nodeHttp } from './node-http.ts';

/** One request, to be sent once. */
export interface Request {
  readonly url: URL;
  readonly method: string;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array | undefined;
}

/** What to send. */
export interface RequestOptions {
  /** GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS. Default: GET. */
  readonly method?: string | undefined;
  /** Not those of the connection itself, such as Host and Content-Length. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** What belongs to the connection, or would tell another host, length or end than the connection has. */
const ownHeaders = /^(?:host|connection|keep-alive|transfer-encoding|content-length|te|trailer|upgrade|http2-settings|expect|proxy-.*)$/;
/** What says nothing about who asks: all that another host is told after a redirect. */
const harmlessHeaders = /^(?:accept(?:-.*)?|user-agent|range|if-.*|content-(?:type|language|encoding))$/;

/** Checks what is to be sent. @throws FetchFault without any header's value */
export function toRequest(url: URL, { method = 'GET', headers = {}, body }: RequestOptions): Request {
  if (!methods.has(method)) throw refused(`method ${firstLine(JSON.stringify(method))} is not one of ${[...methods].join(', ')}`);
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) throw refused(`a ${method} request cannot have a body`);
  const checked = new Map([
    ['user-agent', 'flyte-agents'],
    ['accept', '*/*'],
    ['accept-encoding', 'gzip, br, zstd'],
  ]);
  for (const [name, value] of Object.entries(headers)) {
    const shown = firstLine(JSON.stringify(name));
    const lower = name.toLowerCase();
    if (!isValid(() => nodeHttp.validateHeaderName(name))) throw refused(`${shown} is no name of a header`);
    if (ownHeaders.test(lower)) throw refused(`header ${shown} cannot be given`);
    if (!isValid(() => nodeHttp.validateHeaderValue(name, value))) throw refused(`the value of header ${shown} is not valid`);
    checked.set(lower, value);
  }
  return { url, method, headers: checked, body: typeof body === 'string' ? Buffer.from(body) : body };
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** Whether an answer with this status sends the client elsewhere, if it says where. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * The request after a redirect, as the fetch standard has it; stricter in that another origin is told nothing that may be
 * secret, neither by headers nor by a body.
 *
 * @throws FetchFault when a body would have to go to another host
 */
export function redirected({ url, method, headers, body }: Request, status: number, to: URL): Request {
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST';
  if (body !== undefined && !becomesGet && to.hostname !== url.hostname)
    throw refused(`it redirects what was sent to another host, ${to.host}: give that host in the URL`);
  const kept = [...headers].filter(
    ([name]) => (to.origin === url.origin || harmlessHeaders.test(name)) && !(becomesGet && name.startsWith('content-')),
  );
  return {
    url: to,
    method: becomesGet ? 'GET' : method,
    headers: new Map(kept),
    body: becomesGet ? undefined : body,
  };
}
