import type { JsonObject } from '@flyte-agents/core';
import type { Usage } from '../client.ts';

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  /** Of input that the service still had. Default: as `input`. */
  readonly cachedInput?: number | undefined;
  /** Default: nothing, as for embeddings. */
  readonly output?: number | undefined;
}

/** Prices by the name of a model, or how the names of its versions begin. */
export type Prices = Readonly<Record<string, Price>>;

/** What is counted: how much, of which model, and which share of the price is to be paid. */
interface Counted {
  readonly usage: Usage;
  readonly model: string | null | undefined;
  readonly prices: Prices | undefined;
  /** Default: all of it. */
  readonly share?: number;
}

/** How many tokens were used. A type, not an interface: it is JSON. */
export type TokenCounts = {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly totalTokens: number;
};

/** How many tokens were used, whichever API says it; `undefined` when none does. */
export function toUsage(usage: Usage): TokenCounts | undefined {
  if (!usage) return undefined;
  const inputTokens = usage.input_tokens ?? usage.prompt_tokens ?? 0;
  const outputTokens = usage.output_tokens ?? usage.completion_tokens ?? 0;
  return {
    inputTokens,
    cachedInputTokens: (usage.input_tokens_details ?? usage.prompt_tokens_details)?.cached_tokens ?? 0,
    outputTokens,
    reasoningTokens: (usage.output_tokens_details ?? usage.completion_tokens_details)?.reasoning_tokens ?? 0,
    totalTokens: usage.total_tokens ?? inputTokens + outputTokens,
  };
}

/** The same for the task's event, with what it costs if the operator gave prices. */
export function toUsageInfo({ usage, model, prices = {}, share = 1 }: Counted): JsonObject {
  const tokens = toUsage(usage);
  if (tokens === undefined) return {};
  const names = Object.keys(prices).filter((name) => model?.startsWith(name));
  // The price of the nearest name: gpt-4o-mini is not gpt-4o.
  const [name = ''] = names.toSorted((one, other) => other.length - one.length);
  const price = prices[name];
  return { usage: tokens, ...(price && { estimatedCostUsd: costOf(tokens, price) * share }) };
}

function costOf({ inputTokens, cachedInputTokens, outputTokens }: TokenCounts, { input, cachedInput = input, output = 0 }: Price): number {
  return ((inputTokens - cachedInputTokens) * input + cachedInputTokens * cachedInput + outputTokens * output) / 1e6;
}
