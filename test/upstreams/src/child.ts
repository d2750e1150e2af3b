import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** How much of a program's output is kept, in characters: the end of it. */
const keptOutput = 64 * 1024;

// Waits for the end of its input, that is of the process that holds the other end, then kills the group it is told.
const guardScript = 'read -r _; kill -s KILL -- "-$1"';

/** How to start a program. */
export interface ChildOptions {
  /** Working directory; default: this process's own. */
  readonly cwd?: string;
  /** Variables added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program that was started, with everything that it starts in turn. */
export interface Child {
  /** Process id, also of the process group; `undefined` when the program could not be started. */
  readonly pid: number | undefined;
  /** How it ended, in words: `exit code 1`. Never rejects. */
  readonly ended: Promise<string>;
  /** What it writes to stdout, in UTF-8. */
  readonly stdout: Readable;
  /** The end of what it wrote to stdout and stderr. */
  readonly output: () => string;
  /** Asks it to end (SIGTERM), and ends it and its children (SIGKILL) after a grace of 5 seconds. */
  readonly stop: () => Promise<void>;
}

/** Starts a program in a process group of its own, which never outlives this process, however this process ends. */
export function startChild(command: string, commandArguments: readonly string[], options: ChildOptions = {}): Child {
  const child = spawn(command, commandArguments, {
    cwd: options.cwd,
    detached: true,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = child.pid === undefined ? undefined : guard(child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = `${output}${text}`.slice(-keptOutput);
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // `close` rather than `exit`: by then all of the output has been read.
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`));
    child.once('exit', () => {
      signalGroup(child.pid, 'SIGKILL');
      release?.();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
  return { pid: child.pid, ended, stdout: child.stdout, output: () => output, stop };
}

/** A program's run, when it is over. */
export interface Finished {
  /** How it ended, in words: `exit code 0`. */
  readonly ended: string;
  /** All that it wrote to stdout. */
  readonly stdout: string;
  /** The end of what it wrote to stdout and stderr. */
  readonly output: string;
}

/** Runs a program to its end, whether it fails or not. */
export async function finish(command: string, commandArguments: readonly string[], options?: ChildOptions): Promise<Finished> {
  const child = startChild(command, commandArguments, options);
  let stdout = '';
  child.stdout.on('data', (text: string) => {
    stdout += text;
  });
  return { ended: await child.ended, stdout, output: child.output() };
}

/** Runs a program that must not fail; what it wrote to stdout. */
export async function run(command: string, commandArguments: readonly string[], options?: ChildOptions): Promise<string> {
  const { ended, stdout, output } = await finish(command, commandArguments, options);
  if (ended !== 'exit code 0') throw new Error(`${[command, ...commandArguments].join(' ')}: ${ended}\n${output}`);
  return stdout;
}

/** Starts the process that ends a group when this process is gone; the answer ends the guard itself. */
function guard(pid: number): () => void {
  const watcher = spawn('sh', ['-c', guardScript, 'sh', String(pid)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watcher.unref();
  if (watcher.stdin instanceof Socket) watcher.stdin.unref();
  return () => {
    watcher.kill('SIGKILL');
    watcher.stdin.destroy();
  };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody of the group is left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
