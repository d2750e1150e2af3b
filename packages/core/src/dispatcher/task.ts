import { firstLine } from '../errors.ts';
import { parse, unreadKeys, type Schema } from '../schema.ts';
import type { CreateContext, Task } from '../task.ts';
import type { TaskRequest } from './requests.ts';

/** An agent, as far as reading a task needs it. */
interface Reader {
  readonly name: string;
  readonly config: Schema<unknown>;
}

/** A request as its agent takes it. @throws AgentError INVALID_ARGUMENT when the agent cannot read the task's config */
export function toTask(agent: Reader, { template, inputs, outputPrefix, execution }: TaskRequest): Task<unknown> {
  return { template, config: parse(agent.config, template.custom, 'template.custom'), inputs, outputPrefix, execution };
}

/** What Flyte 2 itself reads of a task's config. */
const connectionKeys = new Set(['secrets', 'configs', 'task_type']);

/** One warning names the settings that the agent does not know (C11): they may be misspelt, or of another agent. */
export function warnOfUnread(agent: Reader, { template, config }: Task<unknown>, { idempotencyKey: key, logger }: CreateContext): void {
  // What a schema leaves in its result it has looked at.
  if (typeof config === 'object' && config !== null && Object.keys(template.custom).every((name) => name in config)) return;
  const keys = unreadKeys(agent.config, template.custom).filter((name) => !connectionKeys.has(name));
  if (keys.length === 0) return;
  const fields = { key, taskType: template.type, keys: keys.slice(0, 20).map((name) => firstLine(name)) };
  logger.warn(fields, `${agent.name}: keys of the task's config that it does not know have no effect`);
}
