import { connect } from '@flyte-agents/proto/client';
import { AgentMetadataService } from '@flyte-agents/proto/flyte1';
import type { Podman } from '@flyte-agents/test-upstreams';
import { images } from '../../../docker/images.ts';
import { startContainer, type Container, type ContainerOptions } from './container.ts';
import { checkContents } from './contents.ts';
import { stamp } from './image.ts';
import { checkProcess } from './process.ts';
import type { Checks } from './screen.ts';
import { runAgentTask, taskOf } from './tasks.ts';

/** The grace that the server gives calls under way, in seconds; a stop without any takes less. */
const drainSeconds = 20;

/** Looks at an image from outside, then runs it as the stock chart does. */
export async function checkImage(
  podman: Podman,
  { agent, image, checks }: { agent: string; image: string; checks: Checks },
): Promise<void> {
  await checks.check('holds what it must and nothing else', () => checkContents(podman, image));
  await checks.check('says what it is', () => checkLabels(podman, { agent, image }));
  const agents = agent === 'all' ? images().flatMap(({ name }) => (name === 'all' ? [] : [name])) : [agent];
  await checks.check('has a task for each of its agents', async () => agents.map((each) => taskOf(each).example).join(', '));
  const services = await Promise.all(agents.map((each) => taskOf(each).start()));
  const environment: Record<string, string> = Object.assign({}, ...services.map((service) => service.environment));
  try {
    await serving(podman, { image, command: ['pyflyte', 'serve', 'agent'], environment }, checks, async (container) => {
      await checks.check('answers ListAgents', async () => listed(container, agents.length));
      for (const each of agents) await checks.check(`runs the task of ${each}`, () => runAgentTask(each, container.endpoint));
      await checks.check('shows metrics', async () => {
        const text = await (await fetch(`${container.metricsUrl}/metrics`)).text();
        const lines = text.split('\n').filter((line) => line.startsWith('flyte_connector_requests_success_total{'));
        if (lines.length === 0) throw new Error(text.slice(0, 500));
        return `${lines.length} counters`;
      });
      await checks.check('is one process that may do nothing', async () => checkProcess(container.pid));
      await checks.check('ends with 0 on SIGTERM', async () => {
        const { exitCode, seconds } = await container.stop();
        if (exitCode !== 0 || seconds > drainSeconds)
          throw new Error(`${exitCode} after ${seconds.toFixed(1)} s; it wrote:\n${await container.logs()}`);
        return `after ${seconds.toFixed(1)} s`;
      });
    });
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

/** Starts a server, and removes it when the work is done. One that does not start is a failed check, and no work is done. */
export async function serving(
  podman: Podman,
  options: ContainerOptions,
  checks: Checks,
  work: (container: Container) => Promise<void>,
): Promise<void> {
  const words = [...(options.command ?? ['(entrypoint)']), ...(options.words ?? [])];
  const container = await checks.check(`serves: ${words.join(' ')}`, () => startContainer(podman, options));
  if (container === undefined) return;
  try {
    await work(container);
  } finally {
    await container.remove();
  }
}

/** The agents that a server lists. The sensors of all packages are one agent. */
async function listed({ endpoint }: Container, packages: number): Promise<string> {
  const connection = connect(endpoint);
  try {
    const { agents } = await connection.client(AgentMetadataService).listAgents({}, { timeoutMs: 5000 });
    if (agents.length < packages) throw new Error(`only ${agents.map(({ name }) => name).join(', ')}`);
    return agents.map(({ name }) => name).join(', ');
  } finally {
    connection.close();
  }
}

async function checkLabels(podman: Podman, { agent, image }: { agent: string; image: string }): Promise<string> {
  const [{ Config }]: [{ readonly Config: Readonly<Record<string, unknown>> }] = JSON.parse(await podman.run(['image', 'inspect', image]));
  const found = JSON.stringify([Config['User'], Config['Entrypoint'], Config['Cmd'], Config['Labels']]);
  const prefix = 'org.opencontainers.image';
  const labels = {
    [`${prefix}.title`]: `flyte-agents ${agent}`,
    [`${prefix}.version`]: stamp.version,
    [`${prefix}.revision`]: stamp.revision,
    [`${prefix}.licenses`]: 'Apache-2.0',
    [`${prefix}.source`]: 'https://github.com/flyte-agents/flyte-agents',
  };
  const missing = Object.entries(labels).filter(([name, value]) => !found.includes(`${JSON.stringify(name)}:${JSON.stringify(value)}`));
  if (missing.length > 0 || !found.startsWith('["10001:10001",["flyte-agents"],["serve"],')) throw new Error(found);
  return Object.values(labels).join(', ');
}
