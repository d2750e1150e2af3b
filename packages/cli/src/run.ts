import { createLogger, toTaggedJson, type LogLevel } from '@flyte-agents/core';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { agentsOf, findAgents } from './agents.ts';
import { isMapping, readDocument } from './document.ts';
import type { Protocol } from './engine/client.ts';
import type { TaskResult } from './engine/run.ts';
import { UsageError } from './errors.ts';
import { fromText } from './inputs/text.ts';
import type { InputValue } from './inputs/value.ts';
import { toReadable } from './logs.ts';
import { toOutputTable } from './outputs.ts';
import { ProgressView } from './progress.ts';
import { runTask, type RunTarget } from './run-task.ts';
import { logLevels, readSettings } from './settings.ts';
import { style, toSeconds } from './table.ts';
import { readTaskFile } from './task/file.ts';
import { toTaskDefinition, type TaskDefinition } from './task/source.ts';
import { parseDuration } from './time.ts';

/** What a shell reports of a program that Ctrl-C ended. */
const cancelledByHand = 130;

interface RunFlags {
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

/** Adds `run` to the program. */
export function addRun(program: Command): void {
  program
    .command('run')
    .summary('run one task, as Flyte would')
    .description(
      'Runs a task as the engine would, with the installed agents in this process or on a running server: creates it, polls it, cancels it on Ctrl-C. Ends with 0 when it succeeded, 1 when it failed, 130 when it was cancelled.',
    )
    .argument('<file>', 'the task: YAML or JSON (TaskTemplate, CreateTaskRequest, TaskSpec, or template and inputs), or .pb/.binpb')
    .option('-i, --input <name=value>', 'an input, read as its declared type; repeatable', collect)
    .option('--inputs <file>', 'YAML or JSON file with inputs by name')
    .option('--endpoint <host:port>', 'run on the server there instead of in this process')
    .addOption(new Option('--protocol <version>', "the engine's protocol").choices(['flyte1', 'flyte2']).default('flyte1'))
    .option('--project <name>', "the execution's project (default: the file's, else local)")
    .option('--domain <name>', "the execution's domain (default: the file's, else development)")
    .option('--output-prefix <url>', 'folder for outputs (default: one for temporary files)')
    .option('--retries <number>', 'more attempts after a retryable failure (default: as the task asks)', toCount)
    .option('--poll-interval <duration>', 'pause between two polls (default: 1s)', toMilliseconds)
    .option('--rpc-timeout <duration>', 'deadline of every call (default: 10s)', toMilliseconds)
    .addOption(
      new Option('--log-level <level>', 'what the server in this process logs; what fails a task is told anyway')
        .choices(logLevels)
        .default('error'),
    )
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  flyte-agents run wait-for-object.yaml -i path=s3://my-bucket/in/_SUCCESS
  flyte-agents run task.pb --inputs inputs.yaml --endpoint localhost:8000 --json
  flyte-agents run request.json --protocol flyte2 --retries 2 --poll-interval 5s`,
    )
    .action(async (path: string, _options: object, self: Command) => {
      process.exitCode = await run(path, self.optsWithGlobals<RunFlags>());
    });
}

async function run(path: string, flags: RunFlags): Promise<number> {
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

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function toCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number');
}

function toMilliseconds(text: string): number {
  const milliseconds = parseDuration(text)?.toMillis() ?? 0;
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('expected a duration: 500ms, 5s, 1m, or seconds');
}
