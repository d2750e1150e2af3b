/** What the agent runs on SageMaker. */
export type JobKind =
  | 'endpoint'
  | 'training'
  | 'processing'
  | 'transform'
  | 'tuning'
  | 'recommender'
  | 'autoMl'
  | 'pipeline'
  | 'modelPackage'
  | 'modelVersion';

/** How SageMaker's API speaks of one kind. */
export interface Kind {
  /** For people: `training job`. */
  readonly title: string;
  /** What follows Create, Describe and Stop in the names of its operations. */
  readonly noun: string;
  /** Its operations. */
  readonly create: string;
  readonly describe: string;
  readonly stop: string;
  /** The keys of its name, ARN and state. */
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  /** What it is described and ended by. */
  readonly by: string;
  /** The setting of its start that takes a key; absent where its name does. Such a job is known by the ARN that its start answers. */
  readonly key?: string;
  /** How many characters a name may have. */
  readonly longestName: number;
  /** Its folder in the console; absent where it has none of its own. */
  readonly page?: string;
  /** Its group of logs; the streams of a job begin with its name. Of endpoints, each has a group. Absent where only its parts have logs. */
  readonly logGroup?: string;
}

function toKind(title: string, noun: string, rest: Partial<Kind>): Kind {
  const name = rest.name ?? `${noun}Name`;
  return {
    title,
    noun,
    create: `Create${noun}`,
    describe: `Describe${noun}`,
    stop: `Stop${noun}`,
    name,
    by: name,
    arn: `${noun}Arn`,
    status: `${noun}Status`,
    longestName: 63,
    ...rest,
  };
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html */
export const kinds: Readonly<Record<JobKind, Kind>> = {
  endpoint: toKind('endpoint', 'Endpoint', { stop: 'DeleteEndpoint', page: 'endpoints', logGroup: '/aws/sagemaker/Endpoints' }),
  training: toKind('training job', 'TrainingJob', { page: 'jobs', logGroup: '/aws/sagemaker/TrainingJobs' }),
  processing: toKind('processing job', 'ProcessingJob', { page: 'processing-jobs', logGroup: '/aws/sagemaker/ProcessingJobs' }),
  transform: toKind('transform job', 'TransformJob', { page: 'transform-jobs', logGroup: '/aws/sagemaker/TransformJobs' }),
  tuning: toKind('tuning job', 'HyperParameterTuningJob', {
    longestName: 32,
    page: 'hyper-tuning-jobs',
    logGroup: '/aws/sagemaker/TrainingJobs',
  }),
  recommender: toKind('inference recommendations job', 'InferenceRecommendationsJob', {
    name: 'JobName',
    arn: 'JobArn',
    status: 'Status',
    logGroup: '/aws/sagemaker/InferenceRecommendationsJobs',
  }),
  autoMl: toKind('AutoML job', 'AutoMLJob', {
    create: 'CreateAutoMLJobV2',
    describe: 'DescribeAutoMLJobV2',
    longestName: 32,
    logGroup: '/aws/sagemaker/ProcessingJobs',
  }),
  pipeline: toKind('pipeline execution', 'PipelineExecution', {
    create: 'StartPipelineExecution',
    name: 'PipelineExecutionDisplayName',
    by: 'PipelineExecutionArn',
    key: 'ClientRequestToken',
    longestName: 82,
  }),
  modelPackage: toKind('model package', 'ModelPackage', { stop: 'DeleteModelPackage', page: 'model-packages' }),
  modelVersion: toKind('model package', 'ModelPackage', { stop: 'DeleteModelPackage', key: 'ClientToken' }),
};

/** The kind of each task type; the last two run a task's own code. Model packages of a group are versions. */
export const kindOf: ReadonlyMap<string, JobKind> = new Map([
  ['sagemaker-endpoint', 'endpoint'],
  ['sagemaker-training-job', 'training'],
  ['sagemaker_training_job_task', 'training'],
  ['sagemaker_training_job', 'training'],
  ['sagemaker-processing-job', 'processing'],
  ['sagemaker-transform-job', 'transform'],
  ['sagemaker-hyperparameter-tuning-job', 'tuning'],
  ['sagemaker-inference-recommender-job', 'recommender'],
  ['sagemaker-automl-job', 'autoMl'],
  ['sagemaker-pipeline-execution', 'pipeline'],
  ['sagemaker-model-package', 'modelPackage'],
  ['sagemaker-training-task', 'training'],
  ['sagemaker-processing-task', 'processing'],
]);
