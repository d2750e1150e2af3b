import type { JsonObject, Task } from '@flyte-agents/core';
import type { RunConfig } from '../config.ts';
import type { DatabricksOptions, Entrypoint } from '../options.ts';
import { asObject, isServerless } from './compute.ts';

/** As in the Python agents. */
const defaultEntrypoint: Entrypoint = {
  gitUrl: 'https://github.com/flyteorg/flytetools',
  gitProvider: 'gitHub',
  flyte1Commit: '572298df1f971fb58c258398bd70a6372f811c96',
  flyte2Commit: '194364210c47c49ce66c419e8fb68d6f9c06fd7e',
};

/** What a run's one task runs, and the repository that it is in. */
export function toCode(task: Task<RunConfig>, options: DatabricksOptions): JsonObject {
  const { config } = task;
  const { notebook, settings } = config;
  const gitSource = settings['git_source'];
  const git = gitSource === undefined ? {} : { git_source: gitSource };
  if (notebook !== undefined) {
    const { path, parameters } = notebook;
    const source = gitSource === undefined ? {} : { source: 'GIT' };
    return { ...git, notebook_task: { notebook_path: path, ...(parameters && { base_parameters: parameters }), ...source } };
  }
  if (settings['notebook_task'] !== undefined) return { ...git, notebook_task: settings['notebook_task'] };
  const parameters = toParameters(task, options);
  // An entrypoint of the author's own.
  for (const own of ['python_wheel_task', 'spark_python_task'] as const) {
    if (settings[own] !== undefined) return { ...git, [own]: { parameters, ...asObject(settings[own]) } };
  }
  return toPython(task, parameters, options);
}

function toPython(task: Task<RunConfig>, parameters: readonly string[], options: DatabricksOptions): JsonObject {
  const { git_source: gitSource, python_file: named } = task.config.settings;
  // A file of the workspace, of a volume or of a bucket.
  if (typeof named === 'string' && gitSource === undefined && /^(?:\/|[a-z][a-z0-9]*:\/)/i.test(named)) {
    return { spark_python_task: { python_file: named, parameters } };
  }
  const { gitUrl, gitProvider, flyte1Commit, flyte2Commit } = { ...defaultEntrypoint, ...options.entrypoint };
  const commit = isFlyte2(task) ? flyte2Commit : flyte1Commit;
  return {
    git_source: gitSource ?? { git_url: gitUrl, git_provider: gitProvider, git_commit: commit },
    spark_python_task: { python_file: named ?? entrypointFile(task), source: 'GIT', parameters },
  };
}

function entrypointFile(task: Task<RunConfig>): string {
  if (isFlyte2(task)) return 'flyteplugins/databricks/entrypoint.py';
  return `flytekitplugins/databricks/${isServerless(task.config.settings) ? 'entrypoint_serverless' : 'entrypoint'}.py`;
}

function toParameters(task: Task<RunConfig>, options: DatabricksOptions): readonly string[] {
  const { config, template } = task;
  const args = template.container?.args ?? [];
  if (isServerless(config.settings)) {
    const provider = config.serviceCredentialProvider ?? options.serviceCredentialProvider;
    return provider === undefined ? args : [...args, `--flyte-credential-provider=${provider}`];
  }
  return config.settings['new_cluster'] === undefined ? withRunBase(task, args) : args;
}

/** An existing cluster takes no environment variables: what Flyte 2's runtime must know comes as arguments. */
function withRunBase(task: Task<RunConfig>, args: readonly string[]): readonly string[] {
  const { execution } = task;
  const base = execution.environment['_U_RUN_BASE'];
  const [command, ...rest] = args;
  if (!isFlyte2(task) || base === undefined || command === undefined) return args;
  const { org, project, domain } = execution;
  return [command, '--run-base-dir', base, '--org', org, '--project', project, '--domain', domain, ...rest];
}

/** Whether flyte-sdk made the task: its programs are other ones. */
function isFlyte2({ template }: Task<RunConfig>): boolean {
  return template.container?.args[0] === 'a0';
}
