import type { SecretName } from './secrets.ts';
import type { AgentContext } from './task.ts';

/** Something that can be looked at without a task: whether a secret is there, whether a service answers. */
export interface Check {
  /** What is checked, in a word or two: `service`. */
  readonly name: string;
  /** Whether tasks can do without it: then it is a warning when something is wrong. Default false. */
  readonly isOptional?: boolean | undefined;
  /**
   * Looks once, cheaply, and changes nothing. Gives what was found, in a few words and without a secret.
   *
   * @throws AgentError what is wrong, with what to do in parentheses at its end
   */
  run(context: AgentContext): Promise<string>;
}

/** A check that a secret is there; it tells where. */
export function secretCheck(secret: SecretName): Check {
  return { name: `secret ${secret.name}`, run: ({ secrets }) => secrets.where(secret) };
}
