import { AgentError, toOutputs, type JsonObject, type JsonValue, type NativeValue, type Resource, type Task } from '@flyte-agents/core';
import type { Embeddings } from '../client.ts';
import type { ChatConfig } from '../config.ts';
import { toUsage, toUsageInfo, type Prices } from './usage.ts';

/** https://platform.openai.com/docs/api-reference/embeddings/create @throws AgentError INVALID_ARGUMENT when the input is neither a text nor a list of texts */
export function toEmbeddingRequest({ config: { model, settings }, inputs }: Task<ChatConfig>): JsonObject {
  // Not base64, which not every service with this API can do.
  return { ...settings, model, input: toTexts(inputs.json('message')), encoding_format: 'float' };
}

function toTexts(input: JsonValue | undefined): JsonValue {
  const isText = typeof input === 'string' || (Array.isArray(input) && input.length > 0 && input.every((text) => typeof text === 'string'));
  if (isText) return input;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'input message: expected a string or a list of strings' });
}

/** The end of a task that asked for embeddings: one vector for a text, a list of them for a list. */
export function toEmbeddingResource(task: Task<ChatConfig>, { data, model, usage }: Embeddings, prices: Prices | undefined): Resource {
  const { attempt } = task.execution;
  const input = task.inputs.json('message');
  const texts = Array.isArray(input) ? input.length : 1;
  if (data.length !== texts)
    return { phase: 'RETRYABLE_FAILED', message: `OpenAI embeddings: ${data.length} vectors were answered for ${texts} texts` };
  const vectors = data.toSorted((one, other) => one.index - other.index).map(({ embedding }) => embedding);
  const answer: NativeValue = Array.isArray(input) ? vectors : (vectors[0] ?? null);
  const { outputs } = task.template;
  const values = [...outputs.keys()].map((name) => [name, name === 'usage' ? { ...toUsage(usage), attempt } : answer]);
  return {
    phase: 'SUCCEEDED',
    message: `OpenAI embeddings: ${data.length} of ${vectors[0]?.length ?? 0} numbers each`,
    outputs: toOutputs({ outputs }, Object.fromEntries(values)),
    customInfo: { ...(model && { model }), attempt, ...toUsageInfo({ usage, model, prices }) },
  };
}
