import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Batches } from './batches.ts';
import { Refusal } from './failure.ts';
import { Models, type AnswerQuestion, type Json } from './models.ts';
import { Responses } from './responses.ts';

/** The variables that lead OpenAI's SDK, and the agents, to a stand-in. */
export interface OpenAIEnvironment {
  readonly OPENAI_BASE_URL: string;
  readonly FLYTE_OPENAI_API_KEY: string;
}

/** How to start the server. */
export interface OpenAIServerOptions {
  /** What its models answer. Default: they repeat the question. */
  readonly answer?: AnswerQuestion;
  /** How long a batch stays in each state, and a response in the background waits, in milliseconds. Default 300. */
  readonly stepMs?: number;
}

/** A request that came, the refused ones included. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** JSON; `undefined` if it is none. */
  readonly body: unknown;
}

/** A small OpenAI in this process. */
export interface OpenAIServer {
  /** With `/v1`. */
  readonly baseUrl: string;
  readonly environment: OpenAIEnvironment;
  readonly requests: readonly SeenRequest[];
  /** A file as if it had been uploaded. */
  putFile(content: string, id?: string): string;
  stop(): Promise<void>;
}

const apiKey = 'sk-example-key';

/**
 * Starts a stand-in for OpenAI in this process: chat completions, responses (also in the background), embeddings, files and batches.
 * It keeps everything in memory, wants its API key, refuses what the service refuses, and heeds no Idempotency-Key.
 */
export async function startOpenAI({ answer = repeat, stepMs = 300 }: OpenAIServerOptions = {}): Promise<OpenAIServer> {
  const openAi = new EmbeddedOpenAI(answer, stepMs);
  await openAi.listen();
  return openAi;
}

function repeat(question: string): string {
  return `You asked: ${question}`;
}

class EmbeddedOpenAI implements OpenAIServer {
  readonly requests: SeenRequest[] = [];
  readonly #models: Models;
  readonly #responses: Responses;
  readonly #batches: Batches;
  readonly #server: Server = createServer((request, response) => {
    // A client that goes away in the middle of its request leaves nobody to answer.
    this.#serve(request, response).catch(() => response.destroy());
  });

  constructor(answer: AnswerQuestion, stepMs: number) {
    this.#models = new Models(answer);
    this.#responses = new Responses(this.#models, stepMs);
    this.#batches = new Batches(this.#models, stepMs);
  }

  get baseUrl(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The OpenAI server has been stopped');
    return `http://127.0.0.1:${address.port}/v1`;
  }

  get environment(): OpenAIEnvironment {
    return { OPENAI_BASE_URL: this.baseUrl, FLYTE_OPENAI_API_KEY: apiKey };
  }

  putFile(content: string, id?: string): string {
    return this.#batches.putFile(content, id);
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = message;
    const bytes = await buffer(message);
    const [status, answer] = await this.#answer(method, new URL(url, 'http://localhost'), headers, bytes);
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
    response.writeHead(status, {
      'content-type': typeof answer === 'string' ? 'application/octet-stream' : 'application/json',
      'x-request-id': 'req_1',
    });
    response.end(body);
  }

  async #answer(method: string, url: URL, headers: IncomingMessage['headers'], bytes: Buffer): Promise<readonly [number, Json | string]> {
    const path = url.pathname;
    const json = toJson(bytes);
    this.requests.push({ method, path: `${path}${url.search}`, headers, body: json });
    try {
      if (headers.authorization !== `Bearer ${apiKey}`) throw new Refusal(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
      if (method === 'POST' && path === '/v1/files') return [200, await this.#upload(headers, bytes)];
      return [200, this.#route(method, url, json ?? {})];
    } catch (error) {
      if (error instanceof Refusal) return [error.status, { ...error.body }];
      throw error;
    }
  }

  #route(method: string, { pathname, searchParams }: URL, body: Json): Json | string {
    const [, kind = '', id = '', action = ''] = /^\/v1\/([^/]+(?:\/completions)?)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? [];
    switch (`${method} ${kind}${id && '/{id}'}${action && `/${action}`}`) {
      case 'GET models':
        return this.#models.list;
      case 'POST chat/completions':
        return this.#models.complete(body);
      case 'POST embeddings':
        return this.#models.embed(body);
      case 'POST responses':
        return this.#responses.create(body);
      case 'GET responses/{id}':
        return this.#responses.read(id);
      case 'POST responses/{id}/cancel':
        return this.#responses.cancel(id);
      case 'POST batches':
        return this.#batches.create(body);
      case 'GET batches':
        return this.#batches.list(searchParams.get('after'), Number(searchParams.get('limit') ?? 20));
      case 'GET batches/{id}':
        return this.#batches.read(id);
      case 'POST batches/{id}/cancel':
        return this.#batches.cancel(id);
      case 'GET files/{id}/content':
        return this.#batches.content(id);
      default:
        throw new Refusal(404, `Invalid URL (${method} ${pathname})`);
    }
  }

  async #upload(headers: IncomingMessage['headers'], bytes: Buffer): Promise<Json> {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData();
    const file = form.get('file');
    if (!(file instanceof File)) throw new Refusal(400, "'file' is a required property");
    return this.#batches.upload(file.name, await file.text());
  }
}

function toJson(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
