import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Job } from './client.ts';
import type { JobKind } from './kinds.ts';

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html; the other jobs have the same. */
const jobPhase = defineStates({
  InProgress: 'RUNNING',
  Stopping: 'RUNNING',
  Completed: 'SUCCEEDED',
  Failed: 'FAILED',
  Stopped: 'FAILED',
  Deleting: 'FAILED',
  DeleteFailed: 'FAILED',
});

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceRecommendationsJob.html */
const recommenderPhase = defineStates({
  PENDING: 'INITIALIZING',
  IN_PROGRESS: 'RUNNING',
  STOPPING: 'RUNNING',
  COMPLETED: 'SUCCEEDED',
  FAILED: 'FAILED',
  STOPPED: 'FAILED',
  DELETING: 'FAILED',
  DELETED: 'FAILED',
});

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html */
const endpointPhase = defineStates({
  Creating: 'INITIALIZING',
  Updating: 'RUNNING',
  SystemUpdating: 'RUNNING',
  RollingBack: 'RUNNING',
  InService: 'SUCCEEDED',
  OutOfService: 'FAILED',
  Failed: 'FAILED',
  UpdateRollbackFailed: 'FAILED',
  Deleting: 'FAILED',
});

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribePipelineExecution.html */
const pipelinePhase = defineStates({
  Executing: 'INITIALIZING',
  Stopping: 'RUNNING',
  Succeeded: 'SUCCEEDED',
  Failed: 'FAILED',
  Stopped: 'FAILED',
});

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html */
const packagePhase = defineStates({
  Pending: 'INITIALIZING',
  InProgress: 'RUNNING',
  Completed: 'SUCCEEDED',
  Failed: 'FAILED',
  Deleting: 'FAILED',
});

const phases: Readonly<Record<JobKind, (state: string) => Phase>> = {
  endpoint: endpointPhase,
  training: jobPhase,
  processing: jobPhase,
  transform: jobPhase,
  tuning: jobPhase,
  recommender: recommenderPhase,
  autoMl: jobPhase,
  pipeline: pipelinePhase,
  modelPackage: packagePhase,
  modelVersion: packagePhase,
};

/** What a training job does before it gets its data. */
const preparing: ReadonlySet<string> = new Set(['Pending', 'Starting', 'LaunchingMLInstances', 'PreparingTrainingStack']);

/** Where a job stands. */
export function phaseOf({ kind, status, step, reason, hasStarted }: Job): Phase {
  const phase = phases[kind](status);
  if (phase === 'FAILED' && isOfSageMaker(reason)) return 'RETRYABLE_FAILED';
  if (phase === 'INITIALIZING' && hasStarted) return 'RUNNING';
  // Spot training that was interrupted starts anew: phases only go forward.
  const isPreparing = status === 'InProgress' && step !== undefined && preparing.has(step);
  return isPreparing && !hasStarted ? 'INITIALIZING' : phase;
}

/** Whether SageMaker failed, and not the job: another attempt may do better. */
function isOfSageMaker(reason: string | undefined): boolean {
  return /^(InternalServerError|CapacityError)/.test(reason ?? '');
}

/** Whether another task may take this job as its own: it succeeded or is about to. */
export function isOfUse({ kind, status }: Job): boolean {
  return !/^(stopping|deleting)$/i.test(status) && !phases[kind](status).endsWith('FAILED');
}

/**
 * Whether there is something to end: a job that is not over, an endpoint that is coming up or never came, a model package that is being
 * made. What was in service stays, and what may be made.
 */
export function isToBeEnded({ kind, status, step, hasStarted }: Job): boolean {
  const goesOn = !isTerminal(phases[kind](status)) && !/^stopping$/i.test(status);
  if (kind === 'modelPackage' || kind === 'modelVersion')
    return status === 'Pending' || status === 'InProgress' || (goesOn && step !== undefined);
  if (kind !== 'endpoint') return goesOn;
  return status === 'Creating' || status === 'Failed' || (goesOn && !afterService.has(status) && !hasStarted);
}

const afterService: ReadonlySet<string> = new Set(['Updating', 'SystemUpdating', 'RollingBack']);
