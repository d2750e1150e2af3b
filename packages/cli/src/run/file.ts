import { createLogger, toTaggedJson, type LogLevel } from '@flyte-agents/core';
import { agentsOf, findAgents } from '../agents.ts';
import { isMapping } from '../document.ts';
import type { Protocol } from '../engine/client.ts';
import type { TaskResult } from '../engine/run.ts';
import { UsageError } from '../errors.ts';
import { fromText } from '../inputs/text.ts';
import type { InputValue } from '../inputs/value.ts';
import { toReadable } from '../logs.ts';
import { toOutputTable } from '../outputs.ts';
import { ProgressView } from '../progress.ts';
import { runTask, type RunTarget } from '../run-task.ts';
import { readSettings } from '../settings.ts';
import { style, toSeconds } from '../table.ts';
import { readTaskFile } from '../task/file.ts';
import { toTaskDefinition, type TaskDefinition } from '../task/source.ts';
import { readDocument } from '../yaml.ts';

/** What a shell reports of a program that Ctrl-C ended. */
const cancelledByHand = 130;

/** The flags of `run`. */
export interface RunFlags {
  readonly root?: string;
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly endpoint?: string;
  readonly protocol: Protocol;
  readonly project?: string;
  readonly domain?: string;
  readonly outputPrefix?: string;
  readonly retries?: number;
  readonly pollInterval?: number;
  readonly rpcTimeout?: number;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
}

/** Runs the task of a file and shows how it goes; gives what the process ends with. */
export async function runFile(path: string, flags: RunFlags): Promise<number> {
  const task = await readTaskFile(path);
  const definition = toTaskDefinition(task);
  const inputs = await readInputs(definition, flags);
  const view = new ProgressView(process.stderr);
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(cancelledByHand);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const result = await runTask({
      ...(await target(flags, view)),
      task,
      inputs,
      protocol: flags.protocol,
      project: flags.project,
      domain: flags.domain,
      outputPrefix: flags.outputPrefix,
      retries: flags.retries,
      pollIntervalMs: flags.pollInterval,
      callTimeoutMs: flags.rpcTimeout,
      onProgress: (progress) => view.update(progress),
      signal: stop.signal,
    });
    view.stop();
    process.stdout.write(`${flags.json === true ? toJson(result) : toScreen(result, definition.template.outputs.size)}\n`);
    if (result.phase === 'ABORTED' && stop.signal.aborted) return cancelledByHand;
    return result.phase === 'SUCCEEDED' ? 0 : 1;
  } finally {
    view.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** The installed agents on a server of their own, or the server that was named. */
async function target({ endpoint, root, logLevel }: RunFlags, view: ProgressView): Promise<RunTarget> {
  if (endpoint !== undefined) return { endpoint };
  const packages = await findAgents(await readSettings({ flags: { root }, environment: process.env }));
  const destination = { write: (line: string) => view.print(toReadable(line, process.stderr)) };
  return { agents: agentsOf(packages), logger: createLogger({ level: logLevel, destination }) };
}

/** The inputs of the file that --inputs names, then those of -i. */
async function readInputs(
  { template }: TaskDefinition,
  { inputs: path, input = [] }: RunFlags,
): Promise<Readonly<Record<string, InputValue>>> {
  const document = path === undefined ? {} : await readDocument(path);
  if (!isMapping(document)) throw new UsageError(`${path}: expected inputs by name`);
  const given = input.map((text) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError(`--input: expected name=value, got ${JSON.stringify(text)}`);
    const type = template.inputs.get(name)?.type;
    // An unknown name is left to the check of all names.
    return [name, type === undefined ? value : fromText(value, type, name)] as const;
  });
  return { ...document, ...Object.fromEntries(given) };
}

function toJson({ taskType, phase, message, outputs, links, customInfo, attempts, elapsedMs, outputPrefix }: TaskResult): string {
  const named = outputs && Object.fromEntries([...outputs].map(([name, value]) => [name, toTaggedJson(value)]));
  const [values, info, milliseconds] = [named ?? null, customInfo ?? null, Math.round(elapsedMs)];
  const result = { taskType, phase, message, outputs: values, links, customInfo: info, attempts, elapsedMs: milliseconds, outputPrefix };
  return JSON.stringify(result, undefined, 2);
}

function toScreen({ phase, message, outputs, attempts, elapsedMs, outputPrefix }: TaskResult, declaredOutputs: number): string {
  const { stdout } = process;
  const tries = attempts > 1 ? ` in ${attempts} attempts` : '';
  const reason = message === '' ? '' : `: ${message}`;
  if (phase !== 'SUCCEEDED') return style('red', `✖ ${phase} after ${toSeconds(elapsedMs)}${tries}${reason}`, stdout);
  const headline = `${style('green', `✔ SUCCEEDED after ${toSeconds(elapsedMs)}${tries}`, stdout)}${reason}`;
  if (outputs === undefined && declaredOutputs > 0) return `${headline}\nThe agent left the outputs in ${outputPrefix}/outputs.pb`;
  if (outputs === undefined || outputs.size === 0) return headline;
  return `${headline}\n\n${toOutputTable(outputs, stdout)}`;
}
