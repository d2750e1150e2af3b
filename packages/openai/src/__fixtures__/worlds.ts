import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import type { JsonObject } from '@flyte-agents/core';
import { z } from 'zod';
import { OpenAIChatAgent } from '../agent.ts';
import { OpenAIBatchAgent } from '../batch-agent.ts';
import type { Batch, BatchPage, Completion, Connect, ModelResponse, OpenAIClient } from '../client.ts';
import { keyOf } from '../convert.ts';
import { OpenAIError } from '../errors.ts';
import type { OpenAIOptions } from '../options.ts';

/** OpenAI behind the agents' port. It gives its own ids, and heeds no key but the one in a batch's metadata. */
abstract class OpenAIWorld extends World<JsonObject> {
  override readonly secrets = { FLYTE_OPENAI_API_KEY: this.canaries.make('api key') };
  protected readonly options: OpenAIOptions;

  constructor(options: OpenAIOptions = {}) {
    super();
    this.options = { connect: this.#connect, ...options };
  }

  readonly #connect: Connect = async () => this.client();

  client(): OpenAIClient {
    return {
      complete: (body, { key, signal }) => this.call('submit', () => this.#complete(key, body), signal),
      embed: (_body, { signal }) => this.call('submit', () => ({ data: [{ index: 0, embedding: [0.25, -1] }] }), signal),
      respond: (body, { key, signal }) => this.call('submit', () => this.#respond(key, body), signal),
      response: (id, signal) => this.call('read', () => toResponse(found(this.job(id))), signal),
      cancelResponse: (id) => this.call('cancel', () => this.cancel(id)),
      countModels: (signal) => this.call('read', () => 1, signal),
      createBatch: (body) => this.call('submit', () => toBatch(this.submit(keyOf(toBatchFields(body)) ?? '', body))),
      batch: (id, signal) => this.call('read', () => toBatch(found(this.job(id))), signal),
      batches: (after, signal) => this.call('search', () => this.#page(after), signal),
      cancelBatch: (id) => this.call('cancel', () => this.cancel(id)),
    };
  }

  #complete(key: string, body: JsonObject): Completion {
    const { id } = this.submit(key, body, 'succeeded');
    const usage = { prompt_tokens: 8, completion_tokens: 4, total_tokens: 12 };
    return { id, model: 'gpt-4o-mini', choices: [{ finish_reason: 'stop', message: { content: 'I am a model.' } }], usage };
  }

  #respond(key: string, body: JsonObject): ModelResponse {
    return toResponse(this.submit(key, body, body['background'] === true ? 'waiting' : 'succeeded'));
  }

  /** Latest first, and nothing that is not shown yet. */
  #page(after: string | undefined): BatchPage {
    const batches = this.jobs.filter(({ key }) => this.byKey(key).length > 0).map(toBatch).toReversed();
    const from = batches.findIndex(({ id }) => id === after) + 1;
    return { data: batches.slice(from, from + 100), has_more: batches.length > from + 100 };
  }

  protected override error({ kind, retryAfterMs }: Fault): OpenAIError {
    // As the SDK has it: with the request, and its key.
    const cause = Object.assign(new Error(kind), { headers: { authorization: `Bearer ${this.secrets.FLYTE_OPENAI_API_KEY}` } });
    const status = faultStatus(kind);
    if (status === undefined) return new OpenAIError('no answer (ECONNRESET)', { from: 'nobody', cause });
    return new OpenAIError(`${kind} for ${this.secrets.FLYTE_OPENAI_API_KEY}`, { from: 'service', status, retryAfterMs, cause });
  }
}

/** Questions that are answered within a call. */
export class ChatWorld extends OpenAIWorld {
  override get isDoneAtOnce(): boolean {
    return true;
  }

  agent(): OpenAIChatAgent {
    return new OpenAIChatAgent(this.options);
  }
}

/** Questions that are answered in the background. */
export class BackgroundWorld extends OpenAIWorld {
  agent(): OpenAIChatAgent {
    return new OpenAIChatAgent(this.options);
  }
}

/** Batches. */
export class BatchWorld extends OpenAIWorld {
  agent(): OpenAIBatchAgent {
    return new OpenAIBatchAgent(this.options);
  }
}

const responseStates: Readonly<Record<JobState, string>> = {
  waiting: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  unknown: 'dreaming',
};

function toResponse({ id, state, hasStarted }: WorldJob<JsonObject>): ModelResponse {
  // What has begun is never queued again.
  const status = state === 'waiting' && hasStarted ? 'in_progress' : responseStates[state];
  return {
    id,
    model: 'gpt-5',
    status,
    ...(state === 'failed' && { error: { code: 'invalid_prompt', message: 'The prompt is not allowed' } }),
    ...(state === 'succeeded' && { output: [{ type: 'message', content: [{ type: 'output_text', text: 'I am a model.' }] }] }),
  };
}

const batchStates: Readonly<Record<JobState, string>> = {
  waiting: 'validating',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  unknown: 'dreaming',
};

function toBatch({ id, state, hasStarted, details }: WorldJob<JsonObject>): Batch {
  const status = batchStates[state];
  const startedAt = hasStarted ? 1_767_225_600 : null;
  const errors = state === 'failed' ? { data: [{ code: 'invalid_json', line: 1, message: 'This line is not JSON' }] } : null;
  const record = { id, object: 'batch', status, ...(state === 'succeeded' && { output_file_id: 'file-out' }) };
  return { ...toBatchFields(details), id, status, in_progress_at: startedAt, errors, record };
}

function toBatchFields({ metadata }: JsonObject): Pick<Batch, 'metadata'> {
  return { metadata: z.record(z.string(), z.string()).parse(metadata) };
}

function found(job: WorldJob<JsonObject> | undefined): WorldJob<JsonObject> {
  if (job === undefined) throw new OpenAIError('No such object', { from: 'service', status: 404 });
  return job;
}
