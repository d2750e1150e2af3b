import { AgentRegistry } from '@flyte-agents/core';
import { Option, type Command } from 'commander';
import { agentHeadings, agentsOf, describeAgents, findAgents, toRow } from './agents.ts';
import type { Protocol } from './engine/client.ts';
import { readSettings } from './settings.ts';
import { toTable } from './table.ts';

/** How long a listing may take, in milliseconds. The engine gives it three seconds. */
const callTimeoutMs = 3000;

interface ListFlags {
  readonly root?: string;
  readonly endpoint?: string;
  readonly protocol: Protocol;
  readonly json?: boolean;
}

/** Adds `list` to the program. */
export function addList(program: Command): void {
  program
    .command('list')
    .summary('show which agents are installed, or what a server has')
    .description('Shows the installed agents and their task types; with --endpoint, those of a running server.')
    .option('--endpoint <host:port>', 'ask the server there')
    .addOption(new Option('--protocol <version>', 'how the server is asked').choices(['flyte1', 'flyte2']).default('flyte1'))
    .option('--json', 'print one JSON array')
    .addHelpText('after', '\nExamples:\n  flyte-agents list\n  flyte-agents list --endpoint localhost:8000 --json')
    .action(async (_options: object, self: Command) => {
      const flags = self.optsWithGlobals<ListFlags>();
      process.stdout.write(`${await (flags.endpoint === undefined ? listInstalled(flags) : listServed(flags.endpoint, flags))}\n`);
    });
}

async function listInstalled({ root, json = false }: ListFlags): Promise<string> {
  const packages = await findAgents(await readSettings({ flags: { root }, environment: process.env }));
  const agents = describeAgents(new AgentRegistry(agentsOf(packages)), packages);
  return json ? JSON.stringify(agents, undefined, 2) : toTable(agentHeadings, agents.map(toRow), process.stdout);
}

async function listServed(endpoint: string, { protocol, json = false }: ListFlags): Promise<string> {
  const { connectTo, reached } = await import('./run-task.ts');
  const engine = connectTo(endpoint, protocol, callTimeoutMs);
  try {
    const agents = await reached(endpoint, engine.list());
    if (json) return JSON.stringify(agents, undefined, 2);
    const rows = agents.map(({ name, isSync, taskTypes }) => [name, isSync ? 'sync' : 'async', taskTypes.join(', ')]);
    return toTable(['AGENT', 'KIND', 'TASK TYPES'], rows, process.stdout);
  } finally {
    engine.close();
  }
}
