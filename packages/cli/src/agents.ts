import { discoverAgents, type AgentList, type AgentPackage, type AgentRegistry } from '@flyte-agents/core';
import { UsageError } from './errors.ts';

/** The installed agents that are meant. @throws UsageError when there are none, or one that was named is not there */
export async function findAgents({
  root,
  agents,
}: {
  readonly root: string;
  readonly agents: readonly string[];
}): Promise<readonly AgentPackage[]> {
  try {
    return await discoverAgents(root, agents);
  } catch (error) {
    // What an agent's own module throws has a code or a class of its own, and needs its stack.
    if (error instanceof Error && Object.getPrototypeOf(error) === Error.prototype && !('code' in error))
      throw new UsageError(error.message, error);
    throw error;
  }
}

/** The agents of all packages. */
export function agentsOf(packages: readonly AgentPackage[]): AgentList {
  return packages.flatMap(({ agents }) => agents);
}

/** An agent and what is to be known of it. */
export interface InstalledAgent {
  readonly name: string;
  readonly packages: readonly string[];
  readonly isSync: boolean;
  readonly taskTypes: readonly string[];
}

/** What a server with these packages announces, and from which package it is. All sensors are one agent. */
export function describeAgents(registry: AgentRegistry, packages: readonly AgentPackage[]): readonly InstalledAgent[] {
  const installed = packages.flatMap(({ name, version, agents }) => agents.map((agent) => ({ agent, package: `${name}@${version}` })));
  const sensors = installed.filter(({ agent }) => agent.kind === 'sensor');
  return registry.agents.map((agent) => {
    const own = installed.filter((each) => each.agent === agent);
    return {
      name: own.length > 0 ? agent.name : `${agent.name} (${sensors.map((each) => each.agent.name).join(', ')})`,
      packages: [...new Set((own.length > 0 ? own : sensors).map((each) => each.package))],
      isSync: registry.isSync(agent),
      taskTypes: registry.taskTypes(agent),
    };
  });
}

/** Agents as a table's rows, below the headings {@link agentHeadings}. */
export function toRow({ name, packages, isSync, taskTypes }: InstalledAgent): readonly string[] {
  return [name, packages.join(', '), isSync ? 'sync' : 'async', taskTypes.join(', ')];
}

/** The headings over {@link toRow}. */
export const agentHeadings: readonly string[] = ['AGENT', 'PACKAGE', 'KIND', 'TASK TYPES'];
