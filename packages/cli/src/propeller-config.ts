import { AgentRegistry } from '@flyte-agents/core';
import { Option, type Command } from 'commander';
import { agentsOf, findAgents } from './agents.ts';
import { UsageError } from './errors.ts';
import { engines, type EngineName } from './propeller/engines.ts';
import { readSettings } from './settings.ts';
import { parseDuration } from './time.ts';

interface PropellerConfigFlags {
  readonly root?: string;
  readonly engine: EngineName;
  readonly endpoint: string;
  readonly tls?: boolean;
  readonly tasks: string;
  readonly resync: string;
  readonly take?: string;
  readonly canary?: string;
  readonly canaryTypes?: string;
}

/** Adds `propeller-config` to the program. */
export function addPropellerConfig(program: Command): void {
  program
    .command('propeller-config')
    .summary("print the engine's configuration for these agents")
    .description("Prints the part of Flyte's configuration that leads tasks to a server with the installed agents.")
    .argument('[agents...]', 'agent packages that the server has (default: all of --root)')
    .addOption(
      new Option('--engine <name>', 'which engine it is for: Flyte 1.16 and later, before, or Flyte 2')
        .choices(Object.keys(engines))
        .default('connector-service'),
    )
    .option('--endpoint <target>', 'where the server is', 'dns:///flyte-agents.flyte.svc.cluster.local:8000')
    .option('--tls', 'the server speaks TLS')
    .option('--tasks <number>', 'how many tasks run at the same time at most', '1000')
    .option('--resync <duration>', 'how often each of them is asked for: 5s to 1h', '30s')
    .option('--take <types>', 'task types that a plugin of the engine has too and that agents are to run: spark')
    .option('--canary <target>', 'another server, for some task types')
    .option('--canary-types <types>', 'which: they are always called as async')
    .addHelpText(
      'after',
      `
Examples:
  flyte-agents propeller-config
  flyte-agents propeller-config --tasks 10000 --resync 1m
  flyte-agents propeller-config --canary dns:///flyte-agents-next:8000 --canary-types sensor
  flyte-agents propeller-config --engine flyte2 > connectors.yaml`,
    )
    .action(async (agents: readonly string[], _options: object, self: Command) => {
      process.stdout.write(await configText(agents, self.optsWithGlobals<PropellerConfigFlags>()));
    });
}

async function configText(names: readonly string[], flags: PropellerConfigFlags): Promise<string> {
  const packages = await findAgents(await readSettings({ flags: { root: flags.root, agents: names }, environment: process.env }));
  const registry = new AgentRegistry(agentsOf(packages));
  const served = registry.agents.flatMap((agent) => [...registry.taskTypes(agent)]);
  const known = (flag: string, text: string | undefined): readonly string[] => {
    const types = text?.split(/[\s,]+/).filter(Boolean) ?? [];
    const unknown = types.filter((type) => !served.includes(type));
    if (unknown.length > 0) throw new UsageError(`${flag}: no agent here serves ${unknown.join(', ')} (served: ${served.join(', ')})`);
    return types;
  };
  const canaryTypes = known('--canary-types', flags.canaryTypes);
  if ((flags.canary === undefined) !== (canaryTypes.length === 0))
    throw new UsageError('--canary and --canary-types: both or none: which task types go to the other server?');
  const { toPropellerConfig } = await import('./propeller/config.ts');
  return toPropellerConfig({
    engine: flags.engine,
    endpoint: flags.endpoint,
    tls: flags.tls === true,
    taskTypes: served,
    taken: known('--take', flags.take),
    canary: flags.canary === undefined ? undefined : { endpoint: flags.canary, taskTypes: canaryTypes },
    tasks: wholeNumber('--tasks', flags.tasks, 1, 500_000),
    resyncSeconds: seconds('--resync', flags.resync),
  });
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag}: ${text} is no number from ${least} to ${most}`);
}

function seconds(flag: string, text: string): number {
  const value = (parseDuration(text)?.toMillis() ?? 0) / 1000;
  if (value >= 5 && value <= 3600) return value;
  throw new UsageError(`${flag}: ${text} is no duration from 5s to 1h, which is what the engine takes`);
}
