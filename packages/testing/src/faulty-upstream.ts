import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { faultStatus, FaultSchedule, type Fault } from './faults.ts';

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
}

/** What a fault's answer looks like; the default is what most services send. */
interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const defaultSlowMs = 5000;

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
    await pause(fault?.delayMs ?? (fault?.kind === 'slow' ? defaultSlowMs : 0));
    const status = fault && faultStatus(fault.kind);
    if (fault?.kind === 'stall-before') return;
    if (fault !== undefined && status !== undefined) return send(response, { status, ...refusal(fault) });
    const answer = await this.#handle(request);
    if (fault?.kind === 'stall-after') return;
    if (fault?.kind === 'lost-after') incoming.socket.resetAndDestroy();
    else if (fault?.kind === 'truncated') truncate(response, answer);
    else send(response, fault?.kind === 'malformed' ? { ...answer, body: '<html>It works!</html>' } : answer);
  }

  async #handle(request: UpstreamRequest): Promise<Answered> {
    try {
      const { status = 200, headers = {}, body = {} } = await this.#options.handler(request);
      if (typeof body === 'string') return { status, headers, body };
      return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    } catch (error) {
      return { status: 500, headers: {}, body: error instanceof Error ? error.message : 'the handler failed' };
    }
  }
}

function refusal({ kind, retryAfterMs }: Fault): Pick<Answered, 'headers' | 'body'> {
  // The header counts whole seconds.
  const headers = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ error: { message: kind } }) };
}

function send(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, headers).end(body);
}

/** Promises the whole body, sends half of it and hangs up. */
function truncate(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body) + 1) });
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
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
