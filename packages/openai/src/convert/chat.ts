import type { JsonObject, Resource, Task } from '@flyte-agents/core';
import { z } from 'zod';
import type { Completion } from '../client.ts';
import type { ChatConfig } from '../config.ts';
import { toAnswered, type Answer, type Stop } from './answer.ts';
import { hasLimit, withLimit, withoutStream, type ChatPolicy, type LimitNames } from './limits.ts';
import type { Prices } from './usage.ts';

/** Old models know only the second. */
const lengthLimit: LimitNames = ['max_completion_tokens', 'max_tokens'];

/** https://platform.openai.com/docs/api-reference/chat/create @throws AgentError INVALID_ARGUMENT for what the operator does not allow */
export function toChatRequest({ config: { model, settings }, inputs }: Task<ChatConfig>, policy: ChatPolicy): JsonObject {
  const { messages, n, ...others } = withoutStream(settings);
  const before = policy.keepMessages && Array.isArray(messages) ? messages : [];
  return {
    ...others,
    ...withLimit(settings, lengthLimit, policy.maxOutputTokens),
    // One answer is the task's; others would be paid for and thrown away.
    ...(typeof n === 'number' && { n: 1 }),
    model,
    messages: [...before, { role: 'user', content: inputs.string('message') }],
  };
}

const responseFormat = z.object({ json_schema: z.object({ schema: z.record(z.string(), z.json()) }) });
const stops: Readonly<Record<string, Stop>> = {
  stop: 'end',
  length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_call',
  function_call: 'tool_call',
};

/** The end of a task that asked by chat completions. */
export function toChatResource(task: Task<ChatConfig>, completion: Completion, prices: Prices | undefined): Resource {
  const { settings } = task.config;
  const [choice] = completion.choices;
  if (choice === undefined)
    return { phase: 'RETRYABLE_FAILED', message: `OpenAI response ${completion.id ?? ''}: the service answered no choice` };
  const { refusal, content, tool_calls: calls, function_call: call } = choice.message;
  const isCall = Boolean(calls?.length) || Boolean(call);
  const answer: Answer = {
    ...completion,
    text: content ?? '',
    stop: refusal ? 'refusal' : isCall ? 'tool_call' : (stops[choice.finish_reason ?? 'stop'] ?? 'end'),
    ...(refusal && { refusal }),
  };
  return toAnswered(answer, {
    outputs: task.template.outputs,
    schema: responseFormat.safeParse(settings['response_format']).data?.json_schema.schema,
    hasLimit: hasLimit(settings, lengthLimit),
    mayBeEmpty: settings['stop'] !== undefined && settings['stop'] !== null,
    attempt: task.execution.attempt,
    prices,
  });
}
