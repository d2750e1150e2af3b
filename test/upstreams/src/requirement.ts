import { spawnSync } from 'node:child_process';

/** Programs that a test may need and a developer's machine may lack. */
export type Program = 'go' | 'python3';

/** Whether this machine has what a test needs. */
export interface Requirement {
  readonly available: boolean;
  /** For the end of a title: empty, or ` (skipped: …)` with the reason. */
  readonly note: string;
}

const probes: Readonly<Record<Program, readonly string[]>> = {
  go: ['version'],
  // Debian ships these two modules in a package of their own.
  python3: ['-c', 'import ensurepip, venv'],
};

/**
 * Looks for programs that tests need.
 *
 * On a developer's machine, tests whose requirement is missing are skipped; where `CI` is `true`, a missing program is an error.
 *
 * @example
 * const python = requirement('python3');
 * describe.skipIf(!python.available)(`moto${python.note}`, () => { … });
 */
export function requirement(...programs: readonly Program[]): Requirement {
  const reasons = programs.map(problem).filter((reason) => reason !== undefined);
  if (reasons.length === 0) return { available: true, note: '' };
  const reason = reasons.join('; ');
  if (process.env['CI'] === 'true') throw new Error(`The tests need ${programs.join(' and ')}: ${reason}`);
  return { available: false, note: ` (skipped: ${reason})` };
}

function problem(program: Program): string | undefined {
  const { error, status, stderr } = spawnSync(program, probes[program], { encoding: 'utf8' });
  if (error !== undefined) return `${program} does not start: ${error.message}`;
  if (status === 0) return undefined;
  return `\`${program} ${probes[program].join(' ')}\` ends with ${status}: ${stderr.trim().split('\n').at(-1)}`;
}
