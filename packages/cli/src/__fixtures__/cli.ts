import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The command line, from source, in a process of its own. */
export interface Cli {
  /** What it wrote so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** What it ended with. */
  readonly ended: Promise<number | null>;
  /** Resolves with the match as soon as it has written it; rejects when it ends before that. */
  readonly wrote: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const main = join(import.meta.dirname, '../main.ts');
/** The workspace's package of all agents. */
export const allAgents: string = join(import.meta.dirname, '../../../all');

/** Starts `flyte-agents` with these words. */
export function startCli(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Cli {
  const child = spawn(process.execPath, ['--conditions=@flyte-agents/source', main, ...words], {
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    wrote: async (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const match = pattern.exec(written.stdout + written.stderr);
        if (match !== null) resolve(match);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void ended.then((code) => reject(new Error(`ended with ${code} before it wrote ${pattern}:\n${written.stdout}${written.stderr}`)));
      look();
      return promise;
    },
    kill: (signal) => void child.kill(signal),
  };
}
