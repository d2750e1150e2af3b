/** How an attempt of a job failed. */
interface FailedAttempt {
  /** From 1. */
  readonly number: number;
  readonly exitCode: number;
  readonly statusReason: string | undefined;
}

interface Strategy {
  readonly attempts?: number;
  readonly evaluateOnExit?: readonly {
    readonly action: string;
    readonly onExitCode?: string;
    readonly onReason?: string;
    readonly onStatusReason?: string;
  }[];
}

/** Whether a job runs once more. The first condition that holds decides; where none does, it does. */
export function isTriedAgain(strategy: unknown, { number, exitCode, statusReason = '' }: FailedAttempt): boolean {
  // What the client of a test sends has this form.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { attempts = 1, evaluateOnExit = [] } = (strategy ?? {}) as Strategy;
  if (number >= attempts) return false;
  const first = evaluateOnExit.find(
    ({ onExitCode, onReason, onStatusReason }) =>
      holds(onExitCode, String(exitCode)) && holds(onReason, '') && holds(onStatusReason, statusReason),
  );
  return first === undefined || first.action.toUpperCase() === 'RETRY';
}

/** A star at the end stands for anything. */
function holds(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
