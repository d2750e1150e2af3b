import type { TestTask } from '@flyte-agents/testing';

/** A task whose reference is frozen with every release. */
export interface UpgradeCase {
  /** A few words; it names the task's execution too, from which its key follows. */
  readonly name: string;
  readonly task: TestTask;
  /** It is deleted before it ends. Default: it ends by itself. */
  readonly isDeleted?: boolean;
  /** The service takes the submit and says nothing: where the job is has to be found out. */
  readonly isLost?: boolean;
}

const container = (...args: string[]): TestTask => ({
  type: 'aws-batch',
  custom: { jobQueue: 'queue' },
  template: { target: { case: 'container', value: { image: 'busybox', args } } },
});
const query = (type: string, custom: TestTask['custom'], statement: string): TestTask => ({
  type,
  ...(custom && { custom }),
  template: { target: { case: 'sql', value: { statement } } },
});
const bigQuery = { ProjectID: 'my-project', Location: 'EU' };
const snowflake = { account: 'MYORG-MYACCOUNT', user: 'FLYTE', database: 'DEMO', schema: 'PUBLIC', warehouse: 'COMPUTE_WH' };
const total = { kind: 'integer', value: 0n } as const;
const text = { kind: 'string', value: '' } as const;

/** At least one of each package with agents. Those of earlier releases stay: they are read from what was frozen then. */
export const cases: readonly UpgradeCase[] = [
  { name: 'batch', task: container('echo', 'hello') },
  { name: 'batch-deleted', task: container('sleep', '600'), isDeleted: true },
  { name: 'batch-lost', task: container('echo', 'found'), isLost: true },
  {
    name: 'bigquery',
    task: { ...query('bigquery_query_job_task', bigQuery, 'SELECT COUNT(*) AS total FROM shop.orders'), outputs: { total } },
  },
  {
    name: 'bigquery-deleted',
    task: query(
      'bigquery_query_job_task',
      bigQuery,
      'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 1000000)) b',
    ),
    isDeleted: true,
  },
  { name: 'bigquery-refused', task: query('bigquery_query_job_task', {}, 'SELECT 1') },
  {
    name: 'databricks',
    task: {
      type: 'databricks',
      custom: {
        notebookPath: '/Shared/report',
        notebookBaseParameters: { region: 'emea' },
        databricksConf: { run_name: 'report', environment_key: 'default' },
      },
      outputs: { region: text },
    },
  },
  { name: 'databricks-deleted', task: { type: 'databricks', custom: { databricksConf: { job_name: 'nightly' } } }, isDeleted: true },
  {
    name: 'databricks-sql',
    task: { ...query('databricks_sql', { databricksWarehouseId: 'abcdef1234567890' }, 'SELECT 42 AS total'), outputs: { total } },
  },
  {
    name: 'openai-done',
    task: {
      type: 'chatgpt',
      custom: { chatgpt_config: { model: 'gpt-4o-mini' } },
      inputs: { message: { kind: 'string', value: 'Who are you?' } },
      outputs: { o0: text },
    },
  },
  {
    name: 'openai-background',
    task: {
      type: 'openai_chat_completion',
      custom: { chatgpt_config: { model: 'gpt-5', background: true } },
      inputs: { message: { kind: 'string', value: 'Which promise is the hardest to keep?' } },
      outputs: { o0: text },
    },
  },
  {
    name: 'openai-batch',
    task: {
      type: 'openai-batch',
      custom: { config: {} },
      inputs: { input_file_id: { kind: 'string', value: 'file-questions' } },
      outputs: { result: { kind: 'generic', value: {} } },
    },
  },
  {
    name: 's3-sensor',
    task: {
      type: 'sensor',
      custom: { sensor_module: 'flytekit.sensor.file_sensor', sensor_name: 'FileSensor' },
      inputs: { path: { kind: 'string', value: 's3://example-bucket/in/there' } },
    },
  },
  {
    name: 'sagemaker',
    task: {
      type: 'sagemaker-endpoint',
      custom: { config: { EndpointName: 'upgrade', EndpointConfigName: 'c-1' }, region: 'us-east-1' },
      outputs: { result: text },
    },
  },
  { name: 'snowflake', task: { ...query('snowflake', snowflake, 'SELECT SUM(amount) AS total FROM orders'), outputs: { total } } },
  {
    name: 'snowflake-deleted',
    task: query(
      'snowflake',
      snowflake,
      'SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000000)) a, TABLE(GENERATOR(ROWCOUNT => 1000000)) b',
    ),
    isDeleted: true,
  },
];
