import { testAgent } from '@flyte-agents/testing';
import { DatabricksWorld } from './__fixtures__/world.ts';

const cluster = { existing_cluster_id: '1130-120000-abcd1234' };

testAgent({
  name: 'DatabricksAgent',
  world: () => new DatabricksWorld(),
  task: { type: 'databricks', custom: { databricksConf: { ...cluster, run_name: 'etl' } } },
  guarantee: 'once',
  schedules: 10_000,
  invalid: [
    { custom: {}, names: 'existing_cluster_id' },
    { custom: { databricksConf: cluster, databricksInstance: 'attacker.example' }, names: 'databricksInstance' },
    { custom: { databricksConf: { ...cluster, performance_target: 'FAST' } }, names: 'databricksConf.performance_target' },
    { custom: { databricksConf: { ...cluster, tasks: [] } }, names: 'databricksConf.tasks' },
    { custom: { databricksConf: { ...cluster, spark_jar_task: {} }, notebookPath: '/nb' }, names: 'databricksConf.spark_jar_task' },
  ],
});

testAgent({
  name: 'DatabricksAgent, runs of a job that takes the key',
  world: () => new DatabricksWorld(),
  task: { type: 'databricks', custom: { databricksConf: { job_name: 'nightly' }, databricksKeyParameter: 'flyte_attempt' } },
  guarantee: 'once',
  schedules: 10_000,
  invalid: [
    { custom: { databricksConf: cluster, databricksKeyParameter: 'flyte_attempt' }, names: 'databricksKeyParameter' },
    { custom: { databricksConf: { job_id: 7 }, databricksKeyParameter: 'a', databricksRepair: true }, names: 'databricksKeyParameter' },
    { custom: { databricksConf: { job_id: 7 }, databricksKeyParameter: 'no name' }, names: 'databricksKeyParameter' },
  ],
});

testAgent({
  name: 'DatabricksAgent, runs of a job',
  world: () => new DatabricksWorld(),
  task: { type: 'databricks', custom: { databricksConf: { job_id: 7 } } },
  guarantee: 'bestEffort',
  schedules: 2000,
  invalid: [{ custom: { databricksConf: { job_id: 'seven' } }, names: 'databricksConf.job_id' }],
});
