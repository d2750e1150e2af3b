import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { TaskTemplateSchema } from '@flyte-agents/proto/flyte1';

type Template = MessageInitShape<typeof TaskTemplateSchema>;

/** A kind of jobs to watch: one agent's. */
export interface WatchedKind {
  /** The agent's service. */
  readonly service: string;
  readonly template: Template & { readonly type: string };
  /** Text inputs by name. */
  readonly inputs?: Readonly<Record<string, string>>;
}

const name = (text: string): Template['id'] => ({
  resourceType: 1,
  project: 'flytesnacks',
  domain: 'development',
  name: text,
  version: 'v1',
});
const training: JsonObject = {
  TrainingJobName: 'churn-{idempotence_token}',
  AlgorithmSpecification: { TrainingImage: '123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1', TrainingInputMode: 'File' },
  RoleArn: 'arn:aws:iam::123456789012:role/sagemaker',
  OutputDataConfig: { S3OutputPath: 's3://example-bucket/models' },
  ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 },
  StoppingCondition: { MaxRuntimeInSeconds: 3600 },
};

/** What is watched, in equal parts. */
export const watchedKinds: readonly WatchedKind[] = [
  {
    service: 'batch',
    template: {
      type: 'aws-batch',
      id: name('batch_job'),
      target: { case: 'container', value: { image: 'busybox', args: ['sleep', '600'] } },
      custom: { jobQueue: 'queue' },
    },
  },
  {
    service: 'bigquery',
    template: {
      type: 'bigquery_query_job_task',
      id: name('bigquery_query'),
      custom: { ProjectID: 'my-project', Location: 'EU' },
      target: { case: 'sql', value: { statement: 'SELECT 1 AS one' } },
    },
  },
  {
    service: 'databricks',
    template: {
      type: 'databricks',
      id: name('databricks_job'),
      custom: { notebookPath: '/Shared/report', databricksConf: { run_name: 'report', environment_key: 'default' } },
    },
  },
  {
    service: 'openai',
    template: {
      type: 'openai-batch',
      id: name('batch'),
      interface: { inputs: { variables: { input_file_id: { type: { type: { case: 'simple', value: 3 } } } } } },
      custom: { openai_organization: null, config: {} },
    },
    inputs: { input_file_id: 'file-questions' },
  },
  {
    service: 'sagemaker',
    template: { type: 'sagemaker-training-job', id: name('training'), custom: { config: training, region: 'us-east-1' } },
  },
  {
    service: 'snowflake',
    template: {
      type: 'snowflake',
      id: name('snowflake_query'),
      custom: { account: 'MYORG-MYACCOUNT', user: 'FLYTE', database: 'DEMO', schema: 'PUBLIC', warehouse: 'COMPUTE_WH' },
      target: { case: 'sql', value: { statement: 'SELECT 1 AS one' } },
    },
  },
];
