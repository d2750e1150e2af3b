import type { JsonObject, JsonValue } from '@flyte-agents/core';
import type { Job } from '../client.ts';
import type { JobKind } from '../kinds.ts';
import type { Step } from './steps.ts';

/** Which keys of an answer are kept: all of a value, some of a mapping, some of each mapping in a list. */
type Shape = { readonly [key: string]: true | Shape | readonly [Shape] };

const artifacts: Shape = { S3ModelArtifacts: true };
const bestJob: Shape = {
  TrainingJobName: true,
  TrainingJobArn: true,
  TrainingJobStatus: true,
  ObjectiveStatus: true,
  FinalHyperParameterTuningJobObjectiveMetric: { MetricName: true, Value: true },
  TunedHyperParameters: true,
  ModelArtifacts: artifacts,
  TrainingStartTime: true,
  TrainingEndTime: true,
};

/** What tasks of each kind give as `result`, in the words of flytekit's plugin. */
const shapes: Readonly<Record<JobKind, Shape>> = {
  endpoint: { EndpointArn: true },
  training: {
    TrainingJobArn: true,
    TrainingJobName: true,
    ModelArtifacts: artifacts,
    OutputDataConfig: { S3OutputPath: true },
    FinalMetricDataList: [{ MetricName: true, Value: true, Timestamp: true }],
    BillableTimeInSeconds: true,
    TrainingTimeInSeconds: true,
  },
  processing: {
    ProcessingJobArn: true,
    ProcessingJobName: true,
    Outputs: true,
    ExitMessage: true,
    ProcessingStartTime: true,
    ProcessingEndTime: true,
  },
  transform: {
    TransformJobArn: true,
    TransformJobName: true,
    ModelName: true,
    TransformOutput: { S3OutputPath: true },
    TransformStartTime: true,
    TransformEndTime: true,
  },
  tuning: {
    HyperParameterTuningJobArn: true,
    HyperParameterTuningJobName: true,
    BestTrainingJob: bestJob,
    ModelArtifacts: artifacts,
    TrainingJobStatusCounters: { Completed: true, InProgress: true, RetryableError: true, NonRetryableError: true, Stopped: true },
    ObjectiveStatusCounters: { Succeeded: true, Pending: true, Failed: true },
  },
  recommender: {
    JobArn: true,
    JobName: true,
    JobType: true,
    InferenceRecommendations: [
      {
        RecommendationId: true,
        Metrics: {
          CostPerHour: true,
          CostPerInference: true,
          MaxInvocations: true,
          ModelLatency: true,
          CpuUtilization: true,
          MemoryUtilization: true,
          ModelSetupTime: true,
        },
        EndpointConfiguration: {
          EndpointName: true,
          VariantName: true,
          InstanceType: true,
          InitialInstanceCount: true,
          ServerlessConfig: true,
        },
        ModelConfiguration: { InferenceSpecificationName: true, CompilationJobName: true },
        InvocationStartTime: true,
        InvocationEndTime: true,
      },
    ],
    EndpointPerformances: true,
    CompletionTime: true,
  },
  autoMl: {
    AutoMLJobArn: true,
    AutoMLJobName: true,
    BestCandidate: true,
    OutputDataConfig: { S3OutputPath: true },
    CreationTime: true,
    EndTime: true,
  },
  pipeline: {
    PipelineArn: true,
    PipelineExecutionArn: true,
    PipelineExecutionDisplayName: true,
    Steps: true,
    CreationTime: true,
    LastModifiedTime: true,
  },
  modelPackage: { ModelPackageArn: true, ModelPackageName: true },
  modelVersion: { ModelPackageArn: true, ModelPackageGroupName: true, ModelPackageVersion: true, ModelApprovalStatus: true },
};

/** What a job gave. @param best the best training job of a tuning job @param steps those of a pipeline's execution */
export function toResult({ kind, record }: Job, best: Job | undefined, steps: readonly Step[]): JsonObject {
  const Steps = steps.map(({ StepName = null, StepStatus = null, Metadata = null }) => ({ StepName, StepStatus, Metadata }));
  return pick({ ...record, ...toMissing(kind, record, best), ...(kind === 'pipeline' && { Steps }) }, shapes[kind]);
}

/** What is elsewhere in an answer, or in another. */
function toMissing(kind: JobKind, record: JsonObject, best: Job | undefined): JsonObject {
  if (kind === 'processing') return { Outputs: toProcessingOutputs(record) };
  if (kind === 'recommender') return { EndpointPerformances: record['EndpointPerformances'] ?? [] };
  if (kind !== 'tuning') return {};
  const ModelArtifacts = best?.record['ModelArtifacts'] ?? null;
  return { ModelArtifacts, BestTrainingJob: { ...asObject(record['BestTrainingJob']), ModelArtifacts } };
}

function pick(record: JsonObject, shape: Shape): JsonObject {
  return Object.fromEntries(Object.entries(shape).map(([name, part]) => [name, pickPart(record[name] ?? null, part)]));
}

function pickPart(value: JsonValue, part: true | Shape | readonly [Shape]): JsonValue {
  if (part === true) return value;
  if (isListShape(part)) return (isList(value) ? value : []).map((item) => pickPart(item, part[0]));
  const object = asObject(value);
  return object === undefined ? null : pick(object, part);
}

function toProcessingOutputs(record: JsonObject): JsonValue {
  const outputs = asObject(record['ProcessingOutputConfig'])?.['Outputs'] ?? null;
  return (isList(outputs) ? outputs : []).map((output) => {
    const { OutputName = null, S3Output, FeatureStoreOutput } = asObject(output) ?? {};
    const feature = asObject(FeatureStoreOutput);
    if (feature !== undefined) return { OutputName, FeatureGroupName: feature['FeatureGroupName'] ?? null };
    return { OutputName, S3Uri: asObject(S3Output)?.['S3Uri'] ?? null };
  });
}

/** A mapping; `undefined` for anything else. */
export function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !isList(value) ? value : undefined;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isListShape(part: Shape | readonly [Shape]): part is readonly [Shape] {
  return Array.isArray(part);
}
