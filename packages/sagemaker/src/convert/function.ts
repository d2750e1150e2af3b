import { createHash } from 'node:crypto';
import { AgentError, type JsonObject, type Task } from '@flyte-agents/core';
import type { FunctionConfig, JobConfig } from '../config.ts';
import { kinds, type JobKind } from '../kinds.ts';

const longestArgument = 256;
const mostArguments = 100;

/** The request for a job that runs a task's own code. @throws AgentError INVALID_ARGUMENT for what SageMaker cannot take */
export function toFunctionRequest(task: Task<JobConfig>, kind: JobKind, settings: FunctionConfig): JsonObject {
  const { container } = task.template;
  if (container === undefined) throw invalid('container: a task of its own code needs one');
  const entrypoint = [...container.command, ...container.args];
  if (entrypoint.length > mostArguments)
    throw invalid(`container.args: SageMaker takes ${mostArguments} arguments, these are ${entrypoint.length}`);
  const long = entrypoint.find((argument) => argument.length > longestArgument);
  if (long !== undefined)
    throw invalid(
      `container.args: SageMaker takes arguments of ${longestArgument} characters, this has ${long.length}: ${long.slice(0, 80)}… (use a shorter metadata prefix)`,
    );
  const { instanceType, instanceCount, volumeGigabytes, kmsKeyId, vpc, network, roleArn, longestRuntime, tags } = settings;
  const cluster = {
    InstanceType: instanceType,
    InstanceCount: instanceCount,
    VolumeSizeInGB: volumeGigabytes,
    ...(kmsKeyId !== undefined && { VolumeKmsKeyId: kmsKeyId }),
  };
  const common = {
    RoleArn: roleArn,
    StoppingCondition: { MaxRuntimeInSeconds: longestRuntime },
    Environment: { ...container.environment, ...task.execution.environment, ...settings.environment, FLYTE_FAIL_ON_ERROR: 'true' },
    ...(Object.keys(tags).length > 0 && { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
  };
  if (kind === 'processing') {
    return {
      ...common,
      AppSpecification: { ImageUri: container.image, ContainerEntrypoint: entrypoint },
      ProcessingResources: { ClusterConfig: cluster },
      ...(network !== undefined && { NetworkConfig: network }),
    };
  }
  return {
    ...common,
    AlgorithmSpecification: { TrainingImage: container.image, ContainerEntrypoint: entrypoint, TrainingInputMode: 'File' },
    OutputDataConfig: { S3OutputPath: settings.outputPath ?? `${task.outputPrefix}/_sagemaker_model` },
    ResourceConfig: cluster,
    ...(vpc !== undefined && { VpcConfig: vpc }),
  };
}

/** The names that flytekit's plugin gives the jobs of this attempt and of the one before. */
export function toFunctionNames(task: Task<JobConfig>, kind: JobKind, { namePrefix }: FunctionConfig): readonly string[] {
  const { attempt } = task.execution;
  const of = (outputPrefix: string, number: number): string => toName(task, { kind, namePrefix, outputPrefix, number });
  const [, folder = '', last = ''] = /^(.*\/)(\d+)\/*$/.exec(task.outputPrefix) ?? [];
  const current = of(task.outputPrefix, attempt);
  return attempt > 0 && last !== '' ? [current, of(`${folder}${Number(last) - 1}`, attempt - 1)] : [current];
}

/** What makes a name. */
interface Naming {
  readonly kind: JobKind;
  readonly namePrefix: string;
  readonly outputPrefix: string;
  readonly number: number;
}

function toName({ execution, template: { id } }: Task<JobConfig>, { kind, namePrefix, outputPrefix, number }: Naming): string {
  const { project, domain, name, node } = execution;
  // Python's `0 or ''`: the first attempt leaves no trace.
  const parts = [outputPrefix, project, domain, name, node, number === 0 ? '' : String(number), id.project, id.domain, id.name, id.version];
  const hash = createHash('sha256')
    .update(parts.filter((part) => part !== '').join('-'))
    .digest('hex')
    .slice(0, 20);
  const prefix = trimmed(namePrefix).slice(0, kinds[kind].longestName - hash.length - 1);
  return [trimmed(prefix), hash].filter(Boolean).join('-');
}

function trimmed(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9-]/g, '-').replaceAll(/^-+|-+$/g, '');
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
