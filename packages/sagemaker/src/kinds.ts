/** What the agent runs on SageMaker. */
export type JobKind = 'endpoint' | 'training' | 'processing' | 'transform' | 'tuning' | 'recommender' | 'autoMl';

/** How SageMaker's API speaks of one kind. */
export interface Kind {
  /** For people: `training job`. */
  readonly title: string;
  /** What follows Create, Describe and Stop in the names of its operations. */
  readonly noun: string;
  /** What it is created by, where that is not Create and the noun. */
  readonly create: string;
  /** What ends it. */
  readonly stop: string;
  /** The keys of its name, ARN and state. */
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  /** How many characters a name may have. */
  readonly longestName: number;
  /** Its folder in the console; absent where it has none of its own. */
  readonly page?: string;
  /** Its group of logs; the streams of a job begin with its name. Of endpoints, each has a group. */
  readonly logGroup: string;
}

function toKind(title: string, noun: string, rest: Partial<Kind> & Pick<Kind, 'logGroup'>): Kind {
  return {
    title,
    noun,
    create: `Create${noun}`,
    stop: `Stop${noun}`,
    name: `${noun}Name`,
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
    longestName: 32,
    logGroup: '/aws/sagemaker/ProcessingJobs',
  }),
};

/** The kind of each task type; the last two run a task's own code. */
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
  ['sagemaker-training-task', 'training'],
  ['sagemaker-processing-task', 'processing'],
]);
