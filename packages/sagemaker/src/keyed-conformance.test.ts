import { testAgent } from '@flyte-agents/testing';
import { PipelineWorld, VersionWorld } from './__fixtures__/world.ts';

testAgent({
  name: "SageMakerAgent, pipelines' executions",
  world: () => new PipelineWorld(),
  task: { type: 'sagemaker-pipeline-execution', custom: { config: { PipelineName: 'nightly' }, region: 'us-east-2' } },
  guarantee: 'once',
  schedules: 10_000,
  invalid: [
    { custom: { config: { PipelineParameters: [] }, region: 'us-east-2' }, names: 'config.PipelineName' },
    {
      custom: { config: { PipelineName: 'p', PipelineExecutionDisplayName: 'a_b' }, region: 'us-east-2' },
      names: 'PipelineExecutionDisplayName',
    },
  ],
});

testAgent({
  name: 'SageMakerAgent, versions of model packages',
  world: () => new VersionWorld(),
  task: { type: 'sagemaker-model-package', custom: { config: { ModelPackageGroupName: 'churn' }, region: 'us-east-2' } },
  guarantee: 'once',
  schedules: 1000,
});
