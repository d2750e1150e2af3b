import { AgentError, type JsonObject, type JsonValue, type Task } from '@flyte-agents/core';
import type { JobConfig } from '../config.ts';
import type { BatchAgentOptions } from '../options.ts';
import { toRequirements, type Requirement } from './resources.ts';

/** What a task's container is told. */
interface Told {
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly requirements: readonly Requirement[];
}

/**
 * What the job has instead of what its definition says: the task's command, environment and resources, in the form of the kind of
 * its containers. What the task's own overrides say wins.
 *
 * @throws AgentError INVALID_ARGUMENT for a variable or a quantity that Batch cannot take
 */
export function toOverrides(task: Task<JobConfig>, options: BatchAgentOptions): JsonObject {
  const { container, ecs, eks, nodes } = task.config.overrides;
  const told = toTold(task, options);
  if (ecs !== undefined) return { ecsPropertiesOverride: inFirst(ecs, ['taskProperties', 'containers'], toContainer(told)) };
  if (eks !== undefined) return { eksPropertiesOverride: toPod(eks, told) };
  if (nodes !== undefined) return { nodeOverrides: toNodes(nodes, told) };
  return { containerOverrides: merged(toContainer(told), container) };
}

function toTold(task: Task<JobConfig>, options: BatchAgentOptions): Told {
  const { template, outputPrefix, config } = task;
  const { container } = template;
  const asksForResources = Object.keys({ ...container?.requests, ...container?.limits }).length > 0;
  // A definition of the user's own knows what it needs.
  const needsResources = config.jobDefinition === undefined || asksForResources;
  return {
    command: [...(container?.command ?? []), ...toArguments(container?.args ?? [], outputPrefix)],
    environment: Object.entries(toEnvironment(task, options)).map(([name, value]) => ({ name, value })),
    requirements: needsResources ? toRequirements(container, config.platform ?? 'EC2', options) : [],
  };
}

/**
 * flytekit's Batch tasks write to the folder `0` below the output prefix, where Flyte's own plugin for arrays looks. An agent's
 * outputs are read from the prefix itself.
 */
function toArguments(args: readonly string[], outputPrefix: string): readonly string[] {
  return args.map((arg, index) => (args[index - 1] === '--output-prefix' && arg === `${outputPrefix}/0` ? outputPrefix : arg));
}

/** The variables that Flyte's containers find on Kubernetes too; those of the task win. */
function toEnvironment({ template, execution, config }: Task<JobConfig>, options: BatchAgentOptions): Readonly<Record<string, string>> {
  const { id, container } = template;
  const environment = {
    ...options.environment,
    FLYTE_INTERNAL_EXECUTION_ID: execution.name,
    FLYTE_INTERNAL_EXECUTION_PROJECT: execution.project,
    FLYTE_INTERNAL_EXECUTION_DOMAIN: execution.domain,
    FLYTE_ATTEMPT_NUMBER: String(execution.attempt),
    FLYTE_INTERNAL_TASK_PROJECT: id.project,
    FLYTE_INTERNAL_TASK_DOMAIN: id.domain,
    FLYTE_INTERNAL_TASK_NAME: id.name,
    FLYTE_INTERNAL_TASK_VERSION: id.version,
    FLYTE_INTERNAL_PROJECT: id.project,
    FLYTE_INTERNAL_DOMAIN: id.domain,
    FLYTE_INTERNAL_NAME: id.name,
    FLYTE_INTERNAL_VERSION: id.version,
    // A container that failed must end so, or Batch takes it for a success.
    FLYTE_FAIL_ON_ERROR: 'true',
    ...('arrayProperties' in config.settings && { BATCH_JOB_ARRAY_INDEX_VAR_NAME: 'AWS_BATCH_JOB_ARRAY_INDEX' }),
    ...execution.environment,
    ...container?.environment,
  };
  const reserved = Object.keys(environment).find((name) => name.startsWith('AWS_BATCH'));
  if (reserved === undefined) return environment;
  const message = `container.env ${reserved}: names that begin with AWS_BATCH are Batch's own`;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message });
}

function toContainer({ command, environment, requirements }: Told): JsonObject {
  return {
    ...(command.length > 0 && { command: [...command] }),
    environment: [...environment],
    ...(requirements.length > 0 && { resourceRequirements: [...requirements] }),
  };
}

function toPod(eks: JsonObject, { command, environment, requirements }: Told): JsonObject {
  const kubernetesNames = { VCPU: 'cpu', MEMORY: 'memory', GPU: 'nvidia.com/gpu' };
  const limits = requirements.map(({ type, value }): [string, JsonValue] => [
    kubernetesNames[type],
    type === 'MEMORY' ? `${value}Mi` : value,
  ]);
  const container = {
    ...(command.length > 0 && { command: [...command] }),
    env: [...environment],
    ...(limits.length > 0 && { resources: { limits: Object.fromEntries(limits), requests: Object.fromEntries(limits) } }),
  };
  const pod = eks['podProperties'];
  return { ...eks, podProperties: inFirst(isObject(pod) ? pod : {}, ['containers'], container) };
}

/** The main node's container is the task's; the others have what the definition and the task say. */
function toNodes(nodes: JsonObject, told: Told): JsonObject {
  const overrides = nodes['nodePropertyOverrides'];
  const [first = { targetNodes: '0:' }, ...rest] = Array.isArray(overrides) ? overrides : [];
  const own = isObject(first) && isObject(first['containerOverrides']) ? first['containerOverrides'] : {};
  const main = { ...(isObject(first) && first), containerOverrides: merged(toContainer(told), own) };
  return { ...nodes, nodePropertyOverrides: [main, ...rest] };
}

/** Puts what the container is told into the first entry of nested lists. */
function inFirst(within: JsonObject, [name = '', ...deeper]: readonly string[], told: JsonObject): JsonObject {
  const list = within[name];
  const [first = {}, ...rest] = Array.isArray(list) ? list : [];
  const own = isObject(first) ? first : {};
  return { ...within, [name]: [deeper.length === 0 ? merged(told, own) : inFirst(own, deeper, told), ...rest] };
}

/** Both; lists of things with names or types have each of them once, the second's. */
function merged(base: JsonObject, own: JsonObject): JsonObject {
  const both: Record<string, JsonValue> = { ...base, ...own };
  for (const [name, id] of [
    ['environment', 'name'],
    ['env', 'name'],
    ['resourceRequirements', 'type'],
  ] as const) {
    const [before, after] = [base[name], own[name]];
    if (!Array.isArray(before) || !Array.isArray(after)) continue;
    const given = new Set(after.map((entry) => (isObject(entry) ? entry[id] : undefined)));
    both[name] = [...before.filter((entry) => !(isObject(entry) && given.has(entry[id]))), ...after];
  }
  return both;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
