import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { AgentError } from '../errors.ts';
import { readBody, send } from './answer.ts';
import { openSocket, thisMachine, type Network } from './connect.ts';
import { refused, toAgentError, tooLarge } from './fault.ts';
import type { FetchOptions, FetchResponse } from './fetch.ts';
import { hostOf, type Guard } from './guard.ts';
import { isRedirect, redirected, toRequest, type Request } from './request.ts';
import { Times } from './times.ts';

/** What a fetch works with. */
interface FetchingOptions {
  readonly guard: Guard;
  /** Default: that of this machine. */
  readonly network?: Network | undefined;
  readonly options: FetchOptions;
}

/** One fetch. */
export class Fetching {
  readonly #guard: Guard;
  readonly #network: Network;
  readonly #options: FetchOptions;
  readonly #times: Times;
  readonly #started = performance.now();
  #isSent = false;

  constructor({ guard, network = thisMachine, options }: FetchingOptions) {
    this.#guard = guard;
    this.#network = network;
    this.#options = options;
    this.#times = new Times(options.timeoutMs ?? 30_000, options.signal);
  }

  async run(text: string): Promise<FetchResponse> {
    const { maxRedirects = 5 } = this.#options;
    let label = 'fetch';
    try {
      const url = this.#guard.url(text);
      label = `fetch from ${url.host}`;
      let request = toRequest(url, this.#options);
      for (let redirects = 0; ; redirects++) {
        const { answer, next } = await this.#ask(request);
        if (answer !== undefined) return answer;
        if (redirects === maxRedirects) throw refused(`it redirects more than ${maxRedirects} times`);
        label = `fetch from ${next.url.host} (redirected from ${url.host})`;
        request = next;
      }
    } catch (error) {
      const reason: unknown = this.#times.signal.aborted ? this.#times.signal.reason : error;
      throw toAgentError(reason, { label, isSent: this.#isSent });
    } finally {
      this.#times.end();
    }
  }

  /** The answer, or the request that it asks for instead. */
  async #ask(request: Request): Promise<{ answer: FetchResponse; next?: undefined } | { answer?: undefined; next: Request }> {
    const { maxRedirects, headersTimeoutMs = 10_000 } = this.#options;
    const socket = await this.#connect(request.url);
    try {
      this.#isSent = true;
      this.#times.step('it gave no answer', headersTimeoutMs);
      const response = await send(request, socket, this.#times.signal);
      this.#times.stepDone();
      const { statusCode = 0, headers } = response;
      if (maxRedirects === 0 || !isRedirect(statusCode) || headers.location === undefined) {
        return { answer: await this.#read(response, request.url) };
      }
      // Node reads headers as Latin-1; those who write a URL without escapes mean UTF-8.
      const location = Buffer.from(headers.location, 'latin1').toString();
      return { next: redirected(request, statusCode, this.#guard.url(location, request.url)) };
    } finally {
      socket.destroy();
    }
  }

  /** A connection to an address that was checked. */
  async #connect(url: URL): Promise<Socket> {
    this.#times.signal.throwIfAborted();
    this.#times.step('there was no connection', this.#options.connectTimeoutMs ?? 5000);
    this.#guard.checkHost(url);
    const proxy = this.#network.proxyFor(url.href);
    // Behind a proxy, names may mean nothing on this machine. Those that an operator vouches for need no look.
    const addresses = proxy !== '' && this.#guard.lists(url) ? undefined : await this.#addresses(url);
    return openSocket({ url, addresses, proxy }, this.#network, this.#times.signal);
  }

  async #addresses(url: URL): Promise<readonly string[]> {
    const { name } = hostOf(url);
    const addresses = isIP(name) === 0 ? await this.#times.within(this.#network.resolve(name)) : [name];
    this.#guard.checkAddresses(url, addresses);
    return addresses;
  }

  async #read(response: IncomingMessage, url: URL): Promise<FetchResponse> {
    const { maxBytes = 1024 * 1024, cut = false } = this.#options;
    const { bytes, isCut } = await readBody(response, maxBytes);
    // A body without a length ends with the connection, whoever ends that and however.
    if (response.socket.errored !== null) throw response.socket.errored;
    if (isCut && !cut) throw tooLarge(`the answer is larger than ${maxBytes} bytes`);
    return new Answer({ response, url, bytes, isCut, elapsedMs: performance.now() - this.#started });
  }
}

interface Received {
  readonly response: IncomingMessage;
  readonly url: URL;
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
  readonly elapsedMs: number;
}

class Answer implements FetchResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly isCut: boolean;
  readonly elapsedMs: number;

  constructor({ response, url, bytes, isCut, elapsedMs }: Received) {
    this.url = url.href;
    this.status = response.statusCode ?? 0;
    this.headers = new Map(Object.entries(response.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]));
    this.body = bytes;
    this.isCut = isCut;
    this.elapsedMs = elapsedMs;
  }

  text(): string {
    const charset = /;\s*charset="?([^\s";]+)/i.exec(this.headers.get('content-type') ?? '')?.[1];
    return decoded(this.body, charset);
  }

  json(): unknown {
    if (this.isCut) throw this.#notJson('the answer was cut off, its JSON is not whole');
    try {
      return JSON.parse(this.text());
    } catch {
      // The parser's own words hold a piece of the answer.
      throw this.#notJson('the answer is not JSON');
    }
  }

  #notJson(reason: string): AgentError {
    const message = `fetch from ${new URL(this.url).host}: ${reason}`;
    return new AgentError({ code: 'FAILED_PRECONDITION', message, submitted: 'unknown' });
  }
}

function decoded(bytes: Uint8Array, charset: string = 'utf-8'): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // No charset that there is.
    return new TextDecoder().decode(bytes);
  }
}
