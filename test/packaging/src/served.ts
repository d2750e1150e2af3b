import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentRegistry, type AgentList } from '@flyte-agents/core';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { Health, HealthCheckResponse_ServingStatusSchema as Status } from '@flyte-agents/proto/health';
import type { Project } from './project.ts';
import type { WorkspacePackage } from './workspace.ts';

/** What a server says of itself. */
interface Served {
  /** `SERVING`. */
  readonly health: string | undefined;
  /** The task types that it lists, sorted. */
  readonly flyte1: readonly string[];
  readonly flyte2: readonly string[];
}

/** Serves what is installed with the command of a package's README, and asks what it is. */
export async function serve(project: Project, each: WorkspacePackage): Promise<Served> {
  const server = await project.serve(readmeCommand(each, /^.*npx flyte-agents serve.*$/m));
  const connection = connect(server.endpoint);
  try {
    const { status } = await connection.client(Health).check({ service: '' });
    const { agents } = await connection.client(flyte1.AgentMetadataService).listAgents({});
    const { connectors } = await connection.client(flyte2.ConnectorMetadataService).listConnectors({});
    return {
      health: Status.value[status]?.name,
      flyte1: agents.flatMap((agent) => agent.supportedTaskCategories.map(({ name }) => name)).toSorted(),
      flyte2: connectors.flatMap((agent) => agent.supportedTaskCategories.map(({ name }) => name)).toSorted(),
    };
  } finally {
    connection.close();
    await server.stop();
  }
}

/** The task types of the agents in some packages, sorted. */
export async function taskTypesOf(packages: readonly WorkspacePackage[]): Promise<readonly string[]> {
  const lists = packages.map(async ({ folder }): Promise<{ default: AgentList }> => import(join(folder, 'src/index.ts')));
  const registry = new AgentRegistry((await Promise.all(lists)).flatMap((list) => list.default));
  return registry.agents.flatMap((agent) => registry.taskTypes(agent)).toSorted();
}

/** A command of a package's README. */
export function readmeCommand({ folder }: WorkspacePackage, line: RegExp): string {
  const [command] = line.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? [];
  if (command === undefined) throw new Error(`${folder}/README.md has no line like ${line.source}`);
  return command;
}
