import type { JsonObject, JsonValue } from '@flyte-agents/core';
import { z } from 'zod';

/** What is wrong with a value by a JSON schema; `undefined` when nothing is, or the schema is of a kind that is not checked here. */
export function misfit(value: JsonValue, schema: JsonObject): string | undefined {
  const [issue] = toChecks(schema)?.safeParse(value).error?.issues ?? [];
  return issue && `${issue.path.join('.') || 'the whole of it'}: ${issue.message}`;
}

function toChecks(schema: JsonObject): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(JSON.parse(JSON.stringify(schema, withoutPattern)));
  } catch {
    // `not`, `if` and some others: the service has checked them, or nobody has.
    return undefined;
  }
}

/** A task's regular expressions are not run here: some take for ever, and hold everybody's calls. */
function withoutPattern(name: string, value: unknown): unknown {
  return name === 'pattern' && typeof value === 'string' ? undefined : value;
}
