import { expect, test } from 'vitest';
import { runConfig } from './config.ts';
import { toJobRun, toOneTimeRun, toPlace, toResource, unknownSettings } from './convert.ts';
import type { Run } from './client.ts';
import { exampleTask, key } from './__fixtures__/tasks.ts';

const cluster = { existing_cluster_id: 'c1' };
const options = { instance: 'acme.cloud.databricks.com' };
const ref = { host: 'acme.cloud.databricks.com', auth: {}, kind: 'notebook', outputs: {}, runId: '1' } as const;

test('DB1, C2: a submit has the key as token, and in its name', () => {
  expect(toOneTimeRun(exampleTask({ databricksConf: { ...cluster, run_name: 'etl' } }), key, options)).toMatchObject({
    idempotency_token: `flyte-${key}`,
    run_name: `etl [flyte-${key}]`,
  });
});

test("DB1: an author's own token counts for the first attempt only", () => {
  const custom = { databricksConf: { ...cluster, idempotency_token: 'mine' } };
  expect(toOneTimeRun(exampleTask(custom), key, options)).toMatchObject({ idempotency_token: 'mine' });
  expect(toOneTimeRun(exampleTask(custom, { attempt: 1 }), key, options)).toMatchObject({ idempotency_token: `flyte-${key}` });
});

test('DB3: a new cluster gets the image, the Spark settings and the environment, and keeps its own', () => {
  const custom = {
    databricksConf: {
      new_cluster: { instance_pool_id: 'p', policy_id: 'q', init_scripts: [{ s3: {} }], spark_env_vars: { A: 'user', B: 'user' } },
    },
    sparkConf: { 'spark.x': '1' },
  };
  const task = exampleTask(custom, { environment: { _U_RUN_BASE: 's3://runs' } });
  expect(toOneTimeRun(task, key, { ...options, tags: false })['new_cluster']).toEqual({
    instance_pool_id: 'p',
    policy_id: 'q',
    init_scripts: [{ s3: {} }],
    docker_image: { url: 'ghcr.io/acme/spark:v1' },
    spark_conf: { 'spark.x': '1' },
    spark_env_vars: { A: 'task', B: 'user', _U_RUN_BASE: 's3://runs', FLYTE_FAIL_ON_ERROR: 'true' },
  });
});

test('DB3: what an author says of image and Spark settings counts', () => {
  const own = { docker_image: { url: 'mine', basic_auth: { username: 'u' } }, spark_conf: { 'spark.y': '2' } };
  const task = exampleTask({ databricksConf: { new_cluster: own }, sparkConf: { 'spark.x': '1' } });
  expect(toOneTimeRun(task, key, options)['new_cluster']).toMatchObject(own);
});

test('C21: a new cluster is tagged with whose it is, in characters that every cloud takes', () => {
  const task = exampleTask({ databricksConf: { new_cluster: { custom_tags: { team: 'a', 'flyte-node': 'mine' } } } });
  expect(toOneTimeRun(task, key, options)['new_cluster']).toMatchObject({
    custom_tags: {
      team: 'a',
      'flyte-project': 'p_1',
      'flyte-domain': 'd',
      'flyte-execution': 'f1',
      'flyte-node': 'mine',
      'flyte-attempt': '0',
    },
  });
});

test('DB5: without image, environment and Spark settings, nothing is missing', () => {
  const task = exampleTask({ databricksConf: { new_cluster: { num_workers: 1 } } }, { container: false });
  expect(toOneTimeRun(task, key, { ...options, tags: false })).toMatchObject({
    new_cluster: { num_workers: 1, spark_conf: {}, spark_env_vars: { FLYTE_FAIL_ON_ERROR: 'true' } },
    spark_python_task: { parameters: [] },
  });
});

test('DB3: a serverless run of flyte-sdk is one too', () => {
  const task = exampleTask(
    { databricksConf: { environment_key: 'e' } },
    { args: ['a0', '--inputs', 'i'], environment: { _U_RUN_BASE: 's3://runs' } },
  );
  expect(toOneTimeRun(task, key, options)).toMatchObject({
    environments: [{ environment_key: 'e', spec: { client: '1', environment_vars: { _U_RUN_BASE: 's3://runs' } } }],
    tasks: [
      {
        task_key: 'flyte_task',
        environment_key: 'e',
        spark_python_task: { python_file: 'flyteplugins/databricks/entrypoint.py', parameters: ['a0', '--inputs', 'i'] },
      },
    ],
  });
});

test('DB4: an existing cluster takes no variables: what flyte-sdk must know comes as arguments', () => {
  const task = exampleTask({ databricksConf: cluster }, { args: ['a0', '--inputs', 'i'], environment: { _U_RUN_BASE: 's3://runs' } });
  const parameters = ['a0', '--run-base-dir', 's3://runs', '--org', 'o', '--project', 'p 1', '--domain', 'd', '--inputs', 'i'];
  expect(toOneTimeRun(task, key, options)).toMatchObject({ spark_python_task: { parameters } });
});

test.each([
  ['/Workspace/Shared/entry.py'],
  ['/Volumes/main/default/code/entry.py'],
  ['dbfs:/FileStore/entry.py'],
  ['s3://bucket/entry.py'],
])('DB4: the entrypoint %s is a file, of no repository', (file) => {
  const body = toOneTimeRun(exampleTask({ databricksConf: { ...cluster, python_file: file } }), key, options);
  expect(body).toMatchObject({ spark_python_task: { python_file: file, parameters: ['pyflyte-execute', '--inputs', 'i'] } });
  expect(body['git_source']).toBeUndefined();
  expect(body['spark_python_task']).not.toHaveProperty('source');
});

test("DB4: a wheel of the author's own gets the task's arguments", () => {
  const wheel = { package_name: 'entry', entry_point: 'main' };
  const parameters = ['pyflyte-execute', '--inputs', 'i'];
  expect(toOneTimeRun(exampleTask({ databricksConf: { ...cluster, python_wheel_task: wheel } }), key, options)).toMatchObject({
    python_wheel_task: { ...wheel, parameters },
  });
  const serverless = toOneTimeRun(exampleTask({ databricksConf: { environment_key: 'e', python_wheel_task: wheel } }), key, options);
  expect(serverless).toMatchObject({ tasks: [{ python_wheel_task: { ...wheel, parameters } }] });
  expect(serverless).not.toHaveProperty('python_wheel_task');
});

test('DB4: an operator says where the default entrypoint is', () => {
  const entrypoint = { gitUrl: 'https://git.acme.example/flytetools', gitProvider: 'gitLab', flyte1Commit: 'abc' };
  expect(toOneTimeRun(exampleTask({ databricksConf: cluster }), key, { ...options, entrypoint })).toMatchObject({
    git_source: { git_url: entrypoint.gitUrl, git_provider: 'gitLab', git_commit: 'abc' },
  });
});

test.each([
  { spark_jar_task: { main_class_name: 'Main' }, ...cluster },
  { spark_submit_task: { parameters: [] }, new_cluster: {} },
  { pipeline_task: { pipeline_id: 'p' } },
  { sql_task: { warehouse_id: 'w' } },
  { dbt_task: { commands: ['dbt run'] }, environment_key: 'e' },
  { run_job_task: { job_id: '9007199254740999' } },
  { tasks: [{ task_key: 'a' }, { task_key: 'b', depends_on: [{ task_key: 'a' }] }] },
])('DB12: a run that is all of Databricks is sent as it is: %j', (conf) => {
  const { environment_key: _environmentKey, ...sent } = { environment_key: undefined, ...conf };
  expect(toOneTimeRun(exampleTask({ databricksConf: conf }, { container: false }), key, options)).toMatchObject(sent);
});

test("DB12: a run has either tasks of its own or the task's code", () => {
  expect(() => toPlace(exampleTask({ databricksConf: { tasks: [{ task_key: 'a' }] } }), options)).toThrow('databricksConf.tasks');
});

test('DB11: inputs are parameters of a job', () => {
  const task = exampleTask(
    { databricksConf: { job_id: '9007199254740999', job_parameters: { day: 'x', to: 'y' } } },
    { inputs: { day: { kind: 'integer', value: 3n } } },
  );
  expect(task.config.job).toEqual({ id: '9007199254740999' });
  expect(toJobRun(task, key)).toEqual({ job_parameters: { day: '3', to: 'y' }, idempotency_token: `flyte-${key}` });
});

test('DB11, R2: a job that takes the key is given it, whatever the task says of that parameter', () => {
  const custom = { databricksConf: { job_id: '7', job_parameters: { attempt: 'mine', day: 'x' } }, databricksKeyParameter: 'attempt' };
  expect(toJobRun(exampleTask(custom), key)['job_parameters']).toEqual({ attempt: `flyte-${key}`, day: 'x' });
});

test('DB18: all attempts of a task that is repaired have one token', () => {
  const custom = { databricksConf: { job_name: 'nightly' }, databricksRepair: true };
  const [first, second] = [0, 1].map((attempt) => toJobRun(exampleTask(custom, { attempt }), key)['idempotency_token']);
  expect(first).toMatch(/^flyte-all-[0-9a-f]{32}$/);
  expect(second).toBe(first);
  expect(toJobRun(exampleTask(custom, { node: 'n1' }), key)['idempotency_token']).not.toBe(first);
});

test.each([
  [{ databricksConf: { ...cluster, performance_target: 'FAST' } }, 'databricksConf.performance_target'],
  [{ databricksConf: { ...cluster, new_cluster: 'big' } }, 'databricksConf.new_cluster'],
  [{ databricksConf: { job_id: 9.2e18 } }, 'databricksConf'],
  [{ databricksConf: { job_id: 'seven' } }, 'databricksConf.job_id'],
  [{ databricksConf: { ...cluster, idempotency_token: 'x'.repeat(65) } }, 'databricksConf.idempotency_token'],
  [{ databricksAuthType: 'password' }, 'databricksAuthType'],
  [{ databricksTokenSecret: 5 }, 'databricksTokenSecret'],
])('C11, DB15: settings that cannot be are refused with their name: %j', (custom, name) => {
  const result = runConfig['~standard'].validate(custom);
  if (result instanceof Promise) throw new TypeError('the schema is asynchronous');
  expect((result.issues ?? []).map(({ path }) => (path ?? []).map(String).join('.'))).toContain(name);
});

test('DB15: settings that Databricks would drop without a word are named', () => {
  expect(unknownSettings({ budget_policy_id: 'b', performance_target: 'STANDARD', preformance_target: 'STANDARD' })).toEqual([
    'preformance_target',
  ]);
});

test.each([
  ['INTEGER', '3', { kind: 'integer', value: 3n }],
  ['INTEGER', '9007199254740993', { kind: 'integer', value: 9007199254740993n }],
  ['FLOAT', '2.5', { kind: 'float', value: 2.5 }],
  ['STRING', '3', { kind: 'string', value: '3' }],
  ['BOOLEAN', 'True', { kind: 'boolean', value: true }],
] as const)('DB16: a notebook ends with the task’s only output: %s %s', (simple, result, literal) => {
  const resource = toResource({ ref: { ...ref, outputs: { o0: simple } }, run: succeeded, output: { notebook_output: { result } } });
  expect(resource.outputs).toEqual({ o0: literal });
});

test('DB16: a notebook that ends with a JSON object gives several outputs', () => {
  const output = { notebook_output: { result: '{"rows": 3, "name": "sales", "more": 1}' } };
  expect(toResource({ ref: { ...ref, outputs: { rows: 'INTEGER', name: 'STRING' } }, run: succeeded, output }).outputs).toEqual({
    rows: { kind: 'integer', value: 3n },
    name: { kind: 'string', value: 'sales' },
  });
});

test.each([
  [undefined, 'dbutils.notebook.exit'],
  [{ notebook_output: { result: 'many' } }, 'output o0'],
  [{ notebook_output: { result: '3', truncated: true } }, 'cut off'],
])('DB16: a value that is none of the output fails the task: %j', (output, reason) => {
  const given = { ref: { ...ref, outputs: { o0: 'INTEGER' as const } }, run: succeeded, output };
  expect(() => toResource(given)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) }));
});

const succeeded: Run = {
  run_id: '1',
  run_page_url: 'https://acme.cloud.databricks.com/?o=17#job/11/run/1',
  state: { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' },
};
const failedState = {
  life_cycle_state: 'TERMINATED',
  result_state: 'FAILED',
  state_message: 'Workload failed, see run output for details',
};
const failed: Run = {
  ...succeeded,
  state: failedState,
  tasks: [
    { run_id: '2', task_key: 'load', start_time: 1, state: failedState },
    { run_id: '3', task_key: 'load', start_time: 2, attempt_number: 1, state: failedState },
    { run_id: '4', task_key: 'report', start_time: 3, state: { life_cycle_state: 'TERMINATED', result_state: 'UPSTREAM_FAILED' } },
  ],
};

test('DB8, C9: a failure says what the failing task’s last attempt said, and where to see it', () => {
  const output = { error: 'ValueError: no rows', error_trace: `Traceback\n${'x'.repeat(5000)}\nValueError: no rows` };
  const { phase, message = '' } = toResource({ ref, run: failed, output });
  expect(phase).toBe('FAILED');
  expect(message).toContain('Databricks run 1: FAILED: Workload failed');
  expect(message).toContain('task load: ValueError: no rows (attempt 2)');
  expect(message).toContain('see https://acme.cloud.databricks.com/?o=17#job/11/run/1');
  expect(Buffer.byteLength(message)).toBeLessThan(4096);
});

test('DB7: an error of Flyte’s own code says more than Databricks knows', () => {
  const document = { code: 'ValueError', message: 'no rows', recoverable: false };
  const python = { ...ref, kind: 'python' as const };
  expect(toResource({ ref: python, run: succeeded, document })).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining('ValueError: no rows'),
  });
  expect(toResource({ ref: python, run: failed, document: { ...document, recoverable: true } }).phase).toBe('RETRYABLE_FAILED');
});

test('DB21: a run that waits says for what', () => {
  const run = { run_id: '1', status: { state: 'QUEUED', queue_details: { code: 'X', message: '3 of 3 runs are active' } } };
  expect(toResource({ ref, run })).toMatchObject({
    phase: 'WAITING_FOR_RESOURCES',
    message: 'Databricks run 1: QUEUED: 3 of 3 runs are active',
  });
});

test('C22: the event has the time that the run took', () => {
  const run = { ...succeeded, setup_duration: 1000, execution_duration: 5000, tasks: [{ run_id: '2' }] };
  expect(toResource({ ref, run }).customInfo).toEqual({ runId: '1', setupMs: 1000, executionMs: 5000, tasks: 1 });
});

test('DB10: without a page of its own, a run is linked as the Python agents did', () => {
  expect(toResource({ ref, run: { run_id: '123', job_id: '1' } }).links).toEqual([
    { name: 'Databricks Console', uri: 'https://acme.cloud.databricks.com/#job/1/run/123' },
  ]);
});
