import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delayOf, faultStatus, FaultSchedule, type Fault } from './faults.ts';

/** A request that reached the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty when the connection was reset before it was read. */
  readonly body: string;
  /** What went wrong with it. */
  readonly fault: Fault | undefined;
}

/** What a handler answers. */
export interface UpstreamResponse {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A text as it is; anything else becomes JSON. */
  readonly body?: unknown;
}

/** The service itself: what a request does, and its answer. */
export type UpstreamHandler = (request: UpstreamRequest) => UpstreamResponse | Promise<UpstreamResponse>;

/** What the upstream is to do. */
export interface UpstreamOptions {
  readonly handler: UpstreamHandler;
  /** Names a request for faults that meet one operation only. Default: its method. */
  readonly operation?: ((request: Pick<UpstreamRequest, 'method' | 'path'>) => string) | undefined;
  /** How the service says that it is `unavailable`, `throttled` or has `refused`; the status is the fault's. Default: JSON. */
  readonly refusal?: ((fault: Fault) => Omit<UpstreamResponse, 'status'>) | undefined;
}

/** What a fault's answer looks like; the default is what most services send. */
interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** In how many bits a slow body comes. */
const bits = 10;

/**
 * A service on a real loopback socket whose requests go wrong on demand: it answers late, with 429 and `Retry-After`, with 503 or
 * 403, resets the connection before it took a request or after, never answers, sends half a body or one that is not JSON.
 */
export class FaultyUpstream {
  /** Everything that came, oldest first. */
  readonly requests: UpstreamRequest[] = [];
  readonly #faults = new FaultSchedule();
  readonly #server: Server;
  readonly #options: UpstreamOptions;

  private constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // Late answers are this server's purpose.
    Object.assign(this.#server, { requestTimeout: 0, keepAliveTimeout: 1000 });
  }

  /** Starts one on a free port of this machine. */
  static async start(options: UpstreamOptions): Promise<FaultyUpstream> {
    const upstream = new FaultyUpstream(options);
    await new Promise<void>((resolve, reject) => {
      upstream.#server.once('error', reject);
      upstream.#server.listen(0, '127.0.0.1', resolve);
    });
    return upstream;
  }

  /** Where it is: `http://127.0.0.1:…`, without a slash at the end. */
  get url(): string {
    // A listening TCP server's address is never a path.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next matching requests go wrong. */
  fault(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#faults.clear();
  }

  /** Cuts every connection and ends. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const operation = this.#options.operation?.({ method, path }) ?? method;
    const fault = this.#faults.take(operation);
    if (fault?.kind === 'lost-before') {
      this.requests.push({ method, path, headers, body: '', fault });
      incoming.socket.resetAndDestroy();
      return;
    }
    const request: UpstreamRequest = { method, path, headers, body: await readBody(incoming), fault };
    this.requests.push(request);
    const delayMs = fault === undefined ? 0 : delayOf(fault);
    if (fault?.kind !== 'slow-body') await pause(delayMs);
    const status = fault && faultStatus(fault.kind);
    if (fault?.kind === 'stall-before') return;
    if (fault !== undefined && status !== undefined) return send(response, { status, ...this.#refusal(fault) });
    const answer = await this.#handle(request);
    if (fault?.kind === 'stall-after') return;
    if (fault?.kind === 'lost-after') incoming.socket.resetAndDestroy();
    else if (fault?.kind === 'truncated') truncate(response, answer);
    else if (fault?.kind === 'slow-body') await dribble(response, answer, delayMs);
    else send(response, fault?.kind === 'malformed' ? { ...answer, body: '<html>It works!</html>' } : answer);
  }

  #refusal(fault: Fault): Pick<Answered, 'headers' | 'body'> {
    const { refusal = ({ kind }) => ({ body: { error: { message: kind } } }) } = this.#options;
    const { headers, body } = toAnswered(refusal(fault));
    // The header counts whole seconds.
    const again = fault.retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(fault.retryAfterMs / 1000)) };
    return { headers: { ...again, ...headers }, body };
  }

  async #handle(request: UpstreamRequest): Promise<Answered> {
    try {
      return toAnswered(await this.#options.handler(request));
    } catch (error) {
      return { status: 500, headers: {}, body: error instanceof Error ? error.message : 'the handler failed' };
    }
  }
}

function toAnswered({ status = 200, headers = {}, body = {} }: UpstreamResponse): Answered {
  if (typeof body === 'string') return { status, headers, body };
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function send(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, headers).end(body);
}

/** Promises the whole body, sends half of it and hangs up. */
function truncate(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body) + 1) });
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** Says at once how it stands, then sends the body in ten bits. */
async function dribble(response: ServerResponse, { status, headers, body }: Answered, delayMs: number): Promise<void> {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
  response.flushHeaders();
  const step = Math.max(1, Math.ceil(bytes.length / bits));
  for (let from = 0; from < bytes.length && !response.destroyed; from += step) {
    await pause(delayMs / bits);
    response.write(bytes.subarray(from, from + step));
  }
  response.end();
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch (error) {
    // The client hung up in the middle of its request.
    if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error;
  }
  return Buffer.concat(chunks).toString();
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
