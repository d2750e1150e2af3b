import { testAgent } from '@flyte-agents/testing';
import { BatchWorld } from './__fixtures__/world.ts';

testAgent({
  name: 'BatchAgent',
  world: () => new BatchWorld(),
  task: {
    type: 'aws-batch',
    custom: { jobQueue: 'spot' },
    template: { target: { case: 'container', value: { image: 'ghcr.io/acme/tasks:v1', args: ['pyflyte-execute'] } } },
  },
  guarantee: 'atLeastOnce',
  schedules: 10_000,
  invalid: [
    { custom: {}, names: 'config[dynamic_queue] is missing' },
    { custom: { jobQueue: 5 }, names: 'jobQueue' },
    { custom: { jobQueue: 'q', platformCapabilities: 'LAMBDA' }, names: 'platformCapabilities' },
    { custom: { jobQueue: 'q', platformCapabilities: 'FARGATE' }, names: 'executionRoleArn' },
    { custom: { jobQueue: 'q', schedulingPriority: 10_000 }, names: 'schedulingPriority' },
    { custom: { jobQueue: 'q', arrayProperties: { size: 1 } }, names: 'arrayProperties.size' },
    { custom: { jobQueue: 'q', nodeOverrides: {} }, names: 'jobDefinition' },
    { custom: { jobQueue: 'q', timeout: { attemptDurationSeconds: 5 } }, names: 'timeout.attemptDurationSeconds' },
  ],
});
