import { AgentError, type JsonObject, type JsonValue, type Task } from '@flyte-agents/core';
import type { RunConfig } from '../config.ts';

/** @throws AgentError INVALID_ARGUMENT when the settings have nothing to run on */
export function checkCompute(settings: JsonObject): void {
  const kinds = ['existing_cluster_id', 'new_cluster', 'environment_key', 'environments', 'job_clusters'];
  if (kinds.some((kind) => settings[kind] !== undefined)) return;
  throw new AgentError({
    code: 'INVALID_ARGUMENT',
    message:
      'databricksConf: needs one of existing_cluster_id, new_cluster (classic), environment_key, environments (serverless); a plain Spark task, which has no databricksConf, belongs to the engine’s own Spark plugin',
  });
}

/** Whether the run is on Databricks' own machines. */
export function isServerless(settings: JsonObject): boolean {
  const hasCluster = settings['existing_cluster_id'] !== undefined || settings['new_cluster'] !== undefined;
  return !hasCluster && (settings['environment_key'] !== undefined || settings['environments'] !== undefined);
}

/** A new cluster, with the task's image, Spark settings and environment. An existing one takes none of them. */
export function toClassic(task: Task<RunConfig>, tags: Readonly<Record<string, string>>): JsonObject {
  const { config, template } = task;
  const cluster = asObject(config.settings['new_cluster']);
  if (config.settings['new_cluster'] === undefined) return {};
  const dockerImage = asObject(cluster['docker_image']);
  const image = dockerImage['url'] ?? template.container?.image;
  const customTags = { ...tags, ...asObject(cluster['custom_tags']) };
  return {
    new_cluster: {
      ...cluster,
      ...(image && { docker_image: { ...dockerImage, url: image } }),
      spark_conf: isEmpty(cluster['spark_conf']) ? config.sparkConf : asObject(cluster['spark_conf']),
      spark_env_vars: { ...asObject(cluster['spark_env_vars']), ...toEnvironment(task) },
      ...(Object.keys(customTags).length > 0 && { custom_tags: customTags }),
    },
  };
}

/** The environment of a serverless run, with the task's variables in it. */
export function toServerless(task: Task<RunConfig>): { readonly environment_key: string; readonly environments: readonly JsonValue[] } {
  const { environment_key: named, environments: given } = task.config.settings;
  const key = typeof named === 'string' ? named : 'default';
  const environments = Array.isArray(given) ? given.map(asObject) : [];
  const isThere = environments.some((environment) => environment['environment_key'] === key);
  const all = isThere ? environments : [...environments, { environment_key: key, spec: { client: '1' } }];
  return {
    environment_key: key,
    environments: all.map((environment) => {
      if (environment['environment_key'] !== key) return environment;
      const spec = asObject(environment['spec']);
      return { ...environment, spec: { ...spec, environment_vars: { ...asObject(spec['environment_vars']), ...toEnvironment(task) } } };
    }),
  };
}

/** The task's variables and those of its execution; a failing function fails its run. */
function toEnvironment({ template, execution }: Task<RunConfig>): Readonly<Record<string, string>> {
  return { ...template.container?.environment, ...execution.environment, FLYTE_FAIL_ON_ERROR: 'true' };
}

/** A member that is to be an object; anything else is none. */
export function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: JsonValue | undefined): boolean {
  return Object.keys(asObject(value)).length === 0;
}
