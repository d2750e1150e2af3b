import {
  AsyncAgent,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import type { Batch, BatchClient } from './client.ts';
import { batchConfig, batchRef, place, type BatchConfig, type BatchRef, type Place } from './config.ts';
import { isFindable, keyOf, toBatchRef, toBatchRequest, toBatchResource } from './convert.ts';
import { Endpoints } from './endpoints.ts';
import { rethrowSubmit, rethrow, unsubmitted } from './errors.ts';
import type { OpenAIOptions } from './options.ts';
import { isStoppable } from './states.ts';

/** How many pages of a hundred batches are looked through for the batch of a key, latest first. */
const searchedPages = 3;

/** Runs `openai-batch` tasks as OpenAI's batches. */
export class OpenAIBatchAgent extends AsyncAgent<BatchConfig, BatchRef> {
  readonly name = 'OpenAI Batch Agent';
  readonly taskTypes = [{ name: 'openai-batch' }];
  readonly config = batchConfig;
  readonly ref = batchRef;
  readonly #options: OpenAIOptions;
  readonly #endpoints: Endpoints;

  constructor(options: OpenAIOptions = {}) {
    super();
    this.#options = options;
    this.#endpoints = new Endpoints(options);
  }

  override async prepare(): Promise<void> {
    await import('openai');
  }

  /** A batch has no name of ours: it carries the key in its metadata, and is looked for before another is made. */
  async create(task: Task<BatchConfig>, context: CreateContext): Promise<BatchRef> {
    const { idempotencyKey: key, signal, logger } = context;
    const at = this.locate(task);
    const body = toBatchRequest(task, key, this.#options);
    if (!isFindable(task.config))
      logger.warn({ key }, 'OpenAI: a batch whose metadata is full cannot be found again when an answer is lost');
    const client = await this.#endpoints.forTask(at, context);
    const known = await search(client, key, signal).catch(unsubmitted('look-up of batches'));
    return toBatchRef(known ?? (await client.createBatch(body, { key }).catch(rethrowSubmit('batch'))), at);
  }

  async get(ref: BatchRef, context: GetContext): Promise<Resource> {
    const client = await this.#endpoints.forJob(ref, context);
    const batch = await client.batch(ref.batchId, context.signal).catch(rethrow(`batch ${ref.batchId}`));
    return toBatchResource(batch, { prices: this.#options.prices, link: this.links(ref)[0]?.uri });
  }

  async delete(ref: BatchRef, context: AgentContext): Promise<void> {
    const client = await this.#endpoints.forJob(ref, context);
    const what = `batch ${ref.batchId}`;
    const isLive = async (): Promise<boolean> => isStoppable(await client.batch(ref.batchId, context.signal).catch(rethrow(what)));
    if (!(await isLive())) return;
    try {
      await client.cancelBatch(ref.batchId);
    } catch (error) {
      // It may have ended between the two.
      if (await isLive()) rethrow(`cancel of ${what}`)(error);
    }
  }

  override links(ref: BatchRef): readonly LogLink[] {
    if (!this.#endpoints.hasPages(ref)) return [];
    return [{ name: 'OpenAI', uri: `https://platform.openai.com/batches/${encodeURIComponent(ref.batchId)}` }];
  }

  locate({ config }: Task<BatchConfig>): Place {
    return this.#endpoints.pinned(config.place);
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<BatchRef | undefined> {
    const at = place.parse(where);
    const client = await this.#endpoints.forJob(at, context);
    const batch = await search(client, key, context.signal).catch(rethrow('look-up of batches'));
    return batch && toBatchRef(batch, at);
  }

  override hostOf({ baseUrl }: Partial<Place>): string {
    return baseUrl ?? '';
  }

  override checks(): readonly Check[] {
    return this.#endpoints.checks('batches', async (client, { signal }) => {
      await client.batches(undefined, signal).catch(rethrow('listing of batches'));
      return 'batches may be read';
    });
  }
}

/** The batch that carries a key, if it is among the latest. */
async function search(client: BatchClient, key: IdempotencyKey, signal: AbortSignal): Promise<Batch | undefined> {
  let after: string | undefined;
  for (let page = 0; page < searchedPages; page++) {
    const { data, has_more: hasMore } = await client.batches(after, signal);
    const found = data.find((batch) => keyOf(batch) === key);
    if (found !== undefined || !hasMore) return found;
    after = data.at(-1)?.id;
  }
  return undefined;
}
