import type { JsonObject, Resource, Task, Variable } from '@flyte-agents/core';
import type { ModelResponse } from '../client.ts';
import type { ChatConfig, Place, ResponseRef } from '../config.ts';
import { responsePhase } from '../states.ts';
import { fromOutputTypes, toAnswered, toOutputTypes, type Answer, type Stop } from './answer.ts';
import { hasLimit, withLimit, withoutStream, type ChatPolicy, type LimitNames } from './limits.ts';
import { toMetadata } from './metadata.ts';
import type { Prices } from './usage.ts';

const lengthLimit: LimitNames = ['max_output_tokens'];

/**
 * https://platform.openai.com/docs/api-reference/responses/create
 *
 * @param isJob whether it goes on without us
 * @throws AgentError INVALID_ARGUMENT for what the operator does not allow
 */
export function toResponseRequest(task: Task<ChatConfig>, policy: ChatPolicy, isJob: boolean): JsonObject {
  const { model, settings } = task.config;
  const { input, metadata, ...others } = withoutStream(settings);
  const message = task.inputs.string('message');
  const before = policy.keepMessages && Array.isArray(input) ? input : [];
  const previous = task.inputs.literal('previous_response_id') && task.inputs.string('previous_response_id');
  const marked = toMetadata(task, toTexts(metadata), { isAttributed: policy.metadata });
  return {
    ...others,
    ...withLimit(settings, lengthLimit, policy.maxOutputTokens),
    ...withLimit(settings, ['max_tool_calls'], policy.maxToolCalls),
    model,
    input: before.length === 0 ? message : [...before, { role: 'user', content: message }],
    ...(previous !== undefined && { previous_response_id: previous }),
    ...(Object.keys(marked).length > 0 && { metadata: marked }),
    ...(isJob && { background: true }),
  };
}

function toTexts(metadata: unknown): Record<string, string> {
  const entries = Object.entries(typeof metadata === 'object' && metadata !== null ? metadata : {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** The reference to a response in the background. @throws AgentError INVALID_ARGUMENT for an output of a type that it cannot keep */
export function toResponseRef(task: Task<ChatConfig>, { id }: Pick<ModelResponse, 'id'>, { organization, baseUrl }: Place): ResponseRef {
  return {
    organization,
    baseUrl,
    responseId: id,
    outputs: toOutputTypes(task),
    hasLimit: hasLimit(task.config.settings, lengthLimit),
    attempt: task.execution.attempt,
  };
}

/** How a response in the background stands. @param link where people look at it */
export function toBackgroundResource(
  ref: ResponseRef,
  response: ModelResponse,
  { prices, link }: { readonly prices: Prices | undefined; readonly link: string | undefined },
): Resource {
  const resource = toResource(response, { ...ref, outputs: fromOutputTypes(ref.outputs) }, prices);
  if (link === undefined || resource.phase === 'SUCCEEDED' || !resource.phase.endsWith('FAILED')) return resource;
  return { ...resource, message: `${resource.message}; see ${link}` };
}

/** The end of a task that asked for a response at once. */
export function toResponseResource(task: Task<ChatConfig>, response: ModelResponse, prices: Prices | undefined): Resource {
  const { template, config, execution } = task;
  const asked = { outputs: template.outputs, hasLimit: hasLimit(config.settings, lengthLimit), attempt: execution.attempt };
  return toResource(response, asked, prices);
}

interface Asked {
  readonly outputs: ReadonlyMap<string, Variable>;
  readonly hasLimit: boolean;
  readonly attempt: number;
}

function toResource(response: ModelResponse, asked: Asked, prices: Prices | undefined): Resource {
  const { id, status, error } = response;
  const phase = responsePhase(response);
  if (phase !== 'SUCCEEDED' && status !== 'incomplete') {
    const why = error ? `${error.code}: ${error.message}` : status === 'cancelled' ? 'it was cancelled' : status;
    return { phase, message: `OpenAI response ${id}: ${why}` };
  }
  const schema = response.text?.format?.schema ?? undefined;
  return toAnswered(toAnswer(response), { ...asked, schema, mayBeEmpty: false, prices });
}

const incompleteStops: Readonly<Record<string, Stop>> = { max_output_tokens: 'length', content_filter: 'content_filter' };

function toAnswer({ id, model, output, usage, status, incomplete_details: details }: ModelResponse): Answer {
  const items = output ?? [];
  const parts = items.filter(({ type }) => type === 'message').flatMap(({ content }) => content ?? []);
  const refusal = parts.find((part) => part.type === 'refusal')?.refusal ?? undefined;
  const text = parts.map((part) => (part.type === 'output_text' ? (part.text ?? '') : '')).join('');
  const isCall = items.some(({ type }) => type === 'function_call' || type === 'custom_tool_call');
  const ended: Stop = isCall ? 'tool_call' : 'end';
  const stop = status === 'incomplete' ? (incompleteStops[details?.reason ?? ''] ?? 'length') : ended;
  return { id, model, usage, text, stop: refusal === undefined ? stop : 'refusal', ...(refusal !== undefined && { refusal }) };
}
