/** What a command ends with when its reason is known: one message, no stack. */
export class CommandError extends Error {
  /** What the process ends with: 1 when something failed, 2 when the command was given wrongly. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Something that the caller gave wrongly: a flag, a file, an input. */
export class UsageError extends CommandError {
  constructor(message: string, cause?: unknown) {
    super(message, 2, cause);
    this.name = 'UsageError';
  }
}
