import { createHash, randomUUID } from 'node:crypto';
import { Refusal } from './failure.ts';

/** What is sent and answered: JSON objects, as they come. */
export type Json = Readonly<Record<string, unknown>>;

/** Answers a question. */
export type AnswerQuestion = (question: string) => string;

const chatModels = ['gpt-4o-mini', 'gpt-4o', 'gpt-5', 'o3'];
const embeddingModels = ['text-embedding-3-small'];
const defaultDimensions = 1536;

/** The models of the service. Each word is a token. */
export class Models {
  readonly #answer: AnswerQuestion;

  constructor(answer: AnswerQuestion) {
    this.#answer = answer;
  }

  get list(): Json {
    const data = [...chatModels, ...embeddingModels].map((id) => ({ id, object: 'model', created: 1_767_225_600, owned_by: 'openai' }));
    return { object: 'list', data };
  }

  /** `POST /v1/chat/completions` @throws Refusal */
  complete(body: Json): Json {
    const model = known(body['model'], chatModels);
    const messages = listOf(body['messages']);
    if (messages.length === 0) throw new Refusal(400, "Missing required parameter: 'messages'.", { code: 'missing_required_parameter' });
    const question = textOf(messages.at(-1)?.['content']);
    const spoken = this.#speak(question, body['max_completion_tokens'] ?? body['max_tokens']);
    const message = { role: 'assistant', content: spoken.refusal === null ? spoken.text : null, refusal: spoken.refusal, annotations: [] };
    return {
      id: `chatcmpl-${randomUUID()}`,
      object: 'chat.completion',
      created: seconds(),
      model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: spoken.isCut ? 'length' : 'stop' }],
      usage: {
        prompt_tokens: wordsOf(question).length,
        completion_tokens: spoken.tokens,
        total_tokens: wordsOf(question).length + spoken.tokens,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    };
  }

  /** What a response of `POST /v1/responses` ends with. @throws Refusal */
  respond(body: Json): Json {
    known(body['model'], chatModels);
    const input = body['input'];
    const question = typeof input === 'string' ? input : textOf(listOf(input).at(-1)?.['content']);
    const spoken = this.#speak(question, body['max_output_tokens']);
    const part =
      spoken.refusal === null ? { type: 'output_text', text: spoken.text, annotations: [] } : { type: 'refusal', refusal: spoken.refusal };
    return {
      status: spoken.isCut ? 'incomplete' : 'completed',
      incomplete_details: spoken.isCut ? { reason: 'max_output_tokens' } : null,
      output: [{ type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', status: 'completed', content: [part] }],
      usage: {
        input_tokens: wordsOf(question).length,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: spoken.tokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: wordsOf(question).length + spoken.tokens,
      },
    };
  }

  /** `POST /v1/embeddings`: the same text has the same vector, of length 1. @throws Refusal */
  embed(body: Json): Json {
    const model = known(body['model'], embeddingModels);
    const texts = typeof body['input'] === 'string' ? [body['input']] : listOf(body['input']).map(String);
    const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : defaultDimensions;
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, dimensions) }));
    const tokens = texts.flatMap(wordsOf).length;
    return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  }

  #speak(
    question: string,
    limit: unknown,
  ): { readonly text: string; readonly tokens: number; readonly isCut: boolean; readonly refusal: string | null } {
    if (/\bharm\b/i.test(question)) return { text: '', tokens: 6, isCut: false, refusal: "I'm sorry, I can't help with that." };
    const words = wordsOf(this.#answer(question));
    const most = typeof limit === 'number' ? limit : words.length;
    return { text: words.slice(0, most).join(' '), tokens: Math.min(words.length, most), isCut: words.length > most, refusal: null };
  }
}

/** Now, as the API says it. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function known(model: unknown, models: readonly string[]): string {
  if (typeof model === 'string' && models.includes(model)) return model;
  throw new Refusal(404, `The model \`${String(model)}\` does not exist or you do not have access to it.`, { code: 'model_not_found' });
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function vectorOf(text: string, dimensions: number): readonly number[] {
  const raw = Array.from(
    { length: dimensions },
    (_, index) => createHash('sha256').update(`${index} ${text}`).digest().readInt32BE() / 2 ** 31,
  );
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}
