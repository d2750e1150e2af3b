import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { CommandError } from './errors.ts';
import { addDoctor } from './doctor.ts';
import { toOwnWords } from './incumbent.ts';
import { addList } from './list.ts';
import { addPropellerConfig } from './propeller-config.ts';
import { addRun } from './run.ts';
import { addServe } from './serve.ts';
import { flagOf, settings } from './settings.ts';
import { screenWidth, style } from './table.ts';

/** The widest that help is made, however wide the screen. */
const widestHelp = 110;

/** The command line's commands and flags. */
export function createProgram(): Command {
  const { description, fallbackText, placeholder } = settings.root;
  const program = new Command('flyte-agents')
    .description('Agents (connectors) through which Flyte runs work on outside services.')
    .version(version(), '-V, --version', 'print the version')
    .option(`${flagOf('root')} <${placeholder}>`, `${description} (default: ${fallbackText})`)
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => styleText('bold', title) })
    .configureOutput({ getOutHelpWidth: () => Math.min(screenWidth(process.stdout), widestHelp) })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExamples:\n  flyte-agents serve\n  flyte-agents run wait-for-object.yaml -i path=s3://my-bucket/in/_SUCCESS\n  flyte-agents list\n  flyte-agents doctor',
    );
  addServe(program);
  addRun(program);
  addList(program);
  addDoctor(program);
  addPropellerConfig(program);
  return program;
}

/** Runs a command; gives what the process ends with. @param words what stands after the program's name */
export async function main(program: string, words: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(toOwnWords(program, words), { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has told what is wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const known = error instanceof CommandError;
    const text = known || !(error instanceof Error) ? `error: ${known ? error.message : String(error)}` : (error.stack ?? error.message);
    process.stderr.write(`${style('red', text, process.stderr)}\n`);
    return known ? error.exitCode : 1;
  }
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}
