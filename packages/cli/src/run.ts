import { InvalidArgumentError, Option, type Command } from 'commander';
import type { RunFlags } from './run/file.ts';
import { logLevels } from './settings.ts';
import { parseDuration } from './time.ts';

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
      // Not loaded by a server.
      const { runFile } = await import('./run/file.ts');
      process.exitCode = await runFile(path, self.optsWithGlobals<RunFlags>());
    });
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
