import { spawn, type ChildProcess, type Serializable } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Kept, Usage } from './probe.ts';

const usage: z.ZodType<Usage> = z.object({ cpuMicros: z.number(), rssBytes: z.number(), lagP99Ms: z.number() });

const kept: z.ZodType<Kept> = z.object({ heapBytes: z.number(), rssBytes: z.number() });

/** The programs as they were built: Node would spend time and memory on stripping the types of the sources. */
export const built: string = join(import.meta.dirname, '../dist');
const sources = join(import.meta.dirname, '../src');

/** How to start a program of this folder. */
export interface ChildOptions {
  readonly arguments?: readonly string[];
  /** Flags for Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Variables added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it runs as it is written instead of as it was built. Default false. */
  readonly fromSource?: boolean;
  /** Where its log goes: a file, because a pipe would need us to read it while we measure. */
  readonly logFolder: string;
}

/** A program of this folder in a process of its own. It ends with this process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #logPath: string;
  readonly #ended: Promise<never>;

  private constructor(name: string, options: ChildOptions) {
    this.#logPath = join(options.logFolder, `${name}.log`);
    const log = openSync(this.#logPath, 'w');
    const program =
      options.fromSource === true ? ['--conditions=@flyte-agents/source', join(sources, `${name}.ts`)] : [join(built, `${name}.js`)];
    const flags = [...(options.nodeFlags ?? []), ...program, ...(options.arguments ?? [])];
    this.#process = spawn(process.execPath, flags, {
      env: { ...process.env, NODE_ENV: 'production', ...options.environment },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', log, 'ipc'],
    });
    closeSync(log);
    const { promise, reject } = Promise.withResolvers<never>();
    this.#ended = promise;
    this.#ended.catch(() => {});
    this.#process.once('error', reject);
    this.#process.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? code}): ${this.#logTail()}`)));
  }

  /** Starts a program; gives it when it is ready, with the address that it serves on, if any. */
  static async start(name: string, options: ChildOptions): Promise<{ child: Child; address: string }> {
    const child = new Child(name, options);
    return { child, address: await Promise.race([child.#ready(), child.#ended]) };
  }

  /** Sends a message and waits for the answer. One at a time. */
  async ask(message: Serializable): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#process.once('message', resolve);
    this.#process.send(message);
    return Promise.race([promise, this.#ended]);
  }

  /** What it has used so far. */
  async usage(): Promise<Usage> {
    return usage.parse(await this.ask('usage'));
  }

  /** What it keeps; it must run with --expose-gc. */
  async kept(): Promise<Kept> {
    return kept.parse(await this.ask('kept'));
  }

  /** Ends it by SIGTERM. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended.catch(() => {});
  }

  /** What it says when it is ready; Node may say something before. */
  async #ready(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let output = '';
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-1000);
      const [said, address = ''] = /^(?:serving on ([\d.:]+)|ready)/m.exec(output) ?? [];
      if (said !== undefined) resolve(address);
    });
    return promise;
  }

  #logTail(): string {
    return readFileSync(this.#logPath, 'utf8').slice(-4000);
  }
}
