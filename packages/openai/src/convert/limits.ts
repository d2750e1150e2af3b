import { AgentError, type JsonObject } from '@flyte-agents/core';

/** What an operator may choose about questions. */
export interface ChatPolicy {
  readonly maxOutputTokens?: number | undefined;
  readonly maxToolCalls?: number | undefined;
  readonly keepMessages?: boolean | undefined;
  readonly metadata?: boolean | undefined;
}

/** The names of a limit among the settings of an API; where a task sets none, the first is used. */
export type LimitNames = readonly [string, ...string[]];

/** The limit that a request has: the task's own, or else the operator's. @throws AgentError INVALID_ARGUMENT when the task wants more than it may */
export function withLimit(settings: JsonObject, names: LimitNames, most: number | undefined): JsonObject {
  if (most === undefined) return {};
  for (const name of names) {
    const own = settings[name];
    if (typeof own === 'number' && own > most) {
      const message = `chatgpt_config.${name}: ${own} is more than the ${most} that this server's operator allows`;
      throw new AgentError({ code: 'INVALID_ARGUMENT', message });
    }
  }
  return hasLimit(settings, names) ? {} : { [names[0]]: most };
}

/** Whether the task set the limit itself. */
export function hasLimit(settings: JsonObject, names: LimitNames): boolean {
  return names.some((name) => typeof settings[name] === 'number');
}

/** The settings as they may be sent. A stream would end in the server, and has settings of its own. */
export function withoutStream({ stream: _stream, stream_options: _options, ...settings }: JsonObject): JsonObject {
  return settings;
}
