import { isDeepStrictEqual } from 'node:util';
import { AgentError, type FetchResponse, type JsonValue } from '@flyte-agents/core';
import type { HttpConfig } from '../config.ts';

/** What is wrong with an answer's JSON, in words without a value; `undefined` when it holds what it must. */
export function unlike(answer: Pick<FetchResponse, 'json'>, predicate: NonNullable<HttpConfig['json']>): string | undefined {
  const { pointer, equals, one_of: oneOf, at_least: atLeast } = predicate;
  const place = pointer === '' ? 'its JSON' : pointer;
  const value = pointed(jsonOf(answer), pointer);
  if (value === undefined) return `it has no ${place}`;
  const isRight =
    (equals === undefined || isDeepStrictEqual(value, equals)) &&
    (oneOf === undefined || oneOf.some((each) => isDeepStrictEqual(value, each))) &&
    (atLeast === undefined || (typeof value === 'number' && value >= atLeast));
  return isRight ? undefined : `${place} is not as it must be`;
}

/** What is no JSON, such as the page of a proxy, holds nothing. */
function jsonOf(answer: Pick<FetchResponse, 'json'>): JsonValue | undefined {
  try {
    // What was parsed is JSON.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return answer.json() as JsonValue;
  } catch (error) {
    if (AgentError.is(error)) return undefined;
    throw error;
  }
}

/** What a JSON Pointer leads to (RFC 6901); `undefined` when there is nothing. */
function pointed(value: JsonValue | undefined, pointer: string): JsonValue | undefined {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce<JsonValue | undefined>((place, step) => {
    if (typeof place !== 'object' || place === null) return undefined;
    if (isArray(place)) return /^(?:0|[1-9]\d*)$/.test(step) ? place[Number(step)] : undefined;
    return Object.hasOwn(place, step) ? place[step] : undefined;
  }, value);
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
