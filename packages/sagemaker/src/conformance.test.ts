import { testAgent } from '@flyte-agents/testing';
import { BotoWorld, EndpointWorld, PackageWorld, SageMakerWorld } from './__fixtures__/world.ts';

const training = { AlgorithmSpecification: { TrainingImage: 'train:1', TrainingInputMode: 'File' } };

testAgent({
  name: 'SageMakerAgent, training jobs',
  world: () => new SageMakerWorld(),
  task: { type: 'sagemaker-training-job', custom: { config: training, region: 'us-east-2' } },
  guarantee: 'once',
  schedules: 10_000,
  invalid: [
    { custom: {}, names: 'config' },
    { custom: { config: training }, names: 'Region parameter is required' },
    { custom: { config: training, region: 'us east' }, names: 'region' },
    { custom: { config: { TrainingJobName: 'a_b' }, region: 'us-east-2' }, names: 'config.TrainingJobName' },
    { custom: { config: { RoleArn: '{inputs.role}' }, region: 'us-east-2' }, names: 'Could not find the key inputs.role' },
    { custom: { config: { EnableManagedSpotTraining: true }, region: 'us-east-2' }, names: 'MaxWaitTimeInSeconds' },
    { custom: { execution_role_arn: 'r', region: 'us-east-2', volume_size_in_gb: 1, max_runtime_in_seconds: 1 }, names: 'instance_type' },
  ],
});

testAgent({
  name: 'SageMakerAgent, endpoints',
  world: () => new EndpointWorld(),
  task: { type: 'sagemaker-endpoint', custom: { config: { EndpointConfigName: 'epc-1' }, region: 'us-east-2' } },
  guarantee: 'once',
  schedules: 1000,
});

testAgent({
  name: 'SageMakerAgent, model packages by name',
  world: () => new PackageWorld(),
  task: { type: 'sagemaker-model-package', custom: { config: { SourceUri: 's3://models/m' }, region: 'us-east-2' } },
  guarantee: 'once',
  schedules: 1000,
});

testAgent({
  name: 'BotoAgent',
  world: () => new BotoWorld(),
  task: {
    type: 'boto',
    custom: {
      service: 'sagemaker-runtime',
      method: 'invoke_endpoint_async',
      region: 'us-east-2',
      config: { EndpointName: 'ep-1', InputLocation: 's3://in/1' },
    },
  },
  guarantee: 'bestEffort',
  schedules: 1000,
  invalid: [
    { custom: { service: 'iam', method: 'create_user', region: 'us-east-2', config: {} }, names: 'iam:create_user' },
    { custom: { service: 'sagemaker', method: 'create_model', config: {} }, names: 'Region parameter is required' },
    { custom: { service: 'sagemaker', region: 'us-east-2', config: {} }, names: 'method' },
  ],
});
