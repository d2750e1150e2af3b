import {
  AgentError,
  dictType,
  toOutputs,
  type JsonObject,
  type JsonValue,
  type Literal,
  type LiteralType,
  type NativeValue,
  type Resource,
  type Task,
  type Variable,
} from '@flyte-agents/core';
import type { Usage } from '../client.ts';
import type { OutputType } from '../config.ts';
import { misfit } from './schema.ts';
import { toUsage, toUsageInfo, type Prices } from './usage.ts';

/** Why a model stopped. */
export type Stop = 'end' | 'length' | 'content_filter' | 'tool_call' | 'refusal';

/** What a model answered, whichever API it came by. */
export interface Answer {
  readonly id?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly text: string;
  readonly stop: Stop;
  /** Why it does not answer. */
  readonly refusal?: string | undefined;
  readonly usage?: Usage;
}

/** What was asked for. */
export interface Question {
  readonly outputs: ReadonlyMap<string, Variable>;
  /** The JSON schema that the answer was to follow. */
  readonly schema: JsonObject | undefined;
  /** Whether the task itself set how long the answer may be. */
  readonly hasLimit: boolean;
  /** Whether it may be empty: with stop sequences of its own, it may. */
  readonly mayBeEmpty: boolean;
  readonly attempt: number;
  readonly prices: Prices | undefined;
}

/** The task's end. What is not a whole answer is told as what it is, never as an empty success (OA4). */
export function toAnswered(answer: Answer, question: Question): Resource {
  const { id, model, text, stop, usage } = answer;
  const { attempt, prices } = question;
  const info = Object.entries({ id, model, finishReason: stop, attempt }).flatMap(([name, value]) =>
    value == null ? [] : [[name, value]],
  );
  const customInfo: JsonObject = { ...Object.fromEntries(info), ...toUsageInfo({ usage, model, prices }) };
  const [phase, reason] = toOutcome(answer, question);
  const message = `OpenAI response ${id ?? 'without an id'}: ${reason}`;
  if (phase !== 'SUCCEEDED') return { phase, message, customInfo };
  const parsed = wantsJson(question) ? parseJson(text) : undefined;
  const wrong = parsed && (parsed.value === undefined ? 'it is not JSON' : question.schema && misfit(parsed.value, question.schema));
  if (wrong !== undefined)
    return { phase: 'RETRYABLE_FAILED', message: `OpenAI response ${id}: the answer does not follow its schema: ${wrong}`, customInfo };
  return { phase, message, outputs: toNamed(question, { ...answer, json: parsed?.value }), customInfo };
}

type Outcome = readonly ['SUCCEEDED' | 'FAILED' | 'RETRYABLE_FAILED', string];

function toOutcome({ text, stop, refusal, usage }: Answer, question: Question): Outcome {
  const used = toUsage(usage)?.outputTokens;
  switch (stop) {
    case 'refusal':
      return ['FAILED', `the model refused: ${refusal}`];
    case 'content_filter':
      return ['FAILED', 'the content filter stopped the answer'];
    case 'tool_call':
      return ['FAILED', 'the model answered a tool call, and there is nobody to do it: give it tools of the service, or none'];
    case 'length': {
      const where = `at its limit, after ${used ?? 'an unknown number of'} tokens`;
      // Who sets a limit takes what he gets, unless that is nothing, or half a JSON object.
      const isWanted = question.hasLimit && text !== '' && !wantsJson(question);
      return isWanted
        ? ['SUCCEEDED', `the answer was cut off ${where}`]
        : ['FAILED', `the answer was cut off ${where}: let it be longer, or ask for less`];
    }
    case 'end':
      return text === '' && !question.mayBeEmpty ? ['RETRYABLE_FAILED', 'the model answered nothing'] : ['SUCCEEDED', 'the model answered'];
  }
}

/** Whether the answer is read, not only handed on. */
function wantsJson({ outputs, schema }: Question): boolean {
  return schema !== undefined || [...outputs].some(([name, { type }]) => !isExtra(name) && !takesText(type));
}

/** Other than the answer, a task may want to know what it took. */
function isExtra(name: string): boolean {
  return name === 'usage' || name === 'response_id';
}

function takesText(type: LiteralType | undefined): boolean {
  if (type?.kind === 'union') return type.variants.some(takesText);
  return type === undefined || (type.kind === 'simple' && type.simple === 'STRING');
}

function toNamed(
  { outputs, attempt }: Question,
  { id, text, json, usage }: Answer & { readonly json: JsonValue | undefined },
): Readonly<Record<string, Literal>> {
  const valueOf = (name: string, { type }: Variable): NativeValue => {
    if (name === 'usage') return { ...toUsage(usage), attempt };
    if (name === 'response_id') return id ?? null;
    return takesText(type) ? text : (json ?? null);
  };
  return toOutputs({ outputs }, Object.fromEntries([...outputs].map(([name, variable]) => [name, valueOf(name, variable)])));
}

function parseJson(text: string): { readonly value: JsonValue | undefined } {
  try {
    const value: JsonValue = JSON.parse(text);
    return { value };
  } catch {
    return { value: undefined };
  }
}

/** The declared outputs in the few words that a reference keeps. @throws AgentError INVALID_ARGUMENT for a type that it cannot keep */
export function toOutputTypes({ template: { outputs } }: Task<unknown>): Record<string, OutputType> {
  const types = [...outputs].map(([name, { type }]): [string, OutputType] => {
    if (takesText(type)) return [name, 'STRING'];
    if (type?.kind === 'simple' && type.simple === 'STRUCT') return [name, 'STRUCT'];
    const message = `output ${name}: what is answered in the background must be a string or a dict`;
    throw new AgentError({ code: 'INVALID_ARGUMENT', message });
  });
  return Object.fromEntries(types);
}

/** The outputs that a reference kept. */
export function fromOutputTypes(types: Readonly<Record<string, OutputType>>): ReadonlyMap<string, Variable> {
  const text: LiteralType = { kind: 'simple', simple: 'STRING' };
  return new Map(Object.entries(types).map(([name, type]) => [name, { type: type === 'STRING' ? text : dictType, description: '' }]));
}
