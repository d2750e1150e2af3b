import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { startSageMaker, type SageMakerServer } from '@flyte-agents/test-upstreams';
import { createTwice } from '../create-twice.ts';
import { root, type Scenario } from '../scenario.ts';

const example = async (name: string): ReturnType<typeof readTaskFile> => readTaskFile(join(root, 'examples', `sagemaker-${name}.yaml`));
const twice = `twice-${randomUUID().slice(0, 8)}`;
const RoleArn = 'arn:aws:iam::123456789012:role/sagemaker';
const processing = {
  AppSpecification: { ImageUri: 'busybox', ContainerEntrypoint: ['echo', twice] },
  RoleArn,
  ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 } },
};

/** A pipeline of two jobs, the second of which gets the execution's parameter. */
const nightly = {
  Version: '2020-12-01',
  Parameters: [{ Name: 'Depth', Type: 'Integer', DefaultValue: 3 }],
  Steps: [
    { Name: 'prepare', Type: 'Processing', Arguments: { ...processing, AppSpecification: { ContainerEntrypoint: ['true'] } } },
    {
      Name: 'train',
      Type: 'Training',
      Arguments: {
        AlgorithmSpecification: { TrainingImage: 'train:1', ContainerEntrypoint: ['sh', '-c', 'sleep 1; echo "depth $DEPTH"'] },
        Environment: { DEPTH: { Get: 'Parameters.Depth' } },
        OutputDataConfig: { S3OutputPath: 's3://example-bucket/models' },
      },
    },
  ],
};

/** SageMaker with a pipeline, an endpoint in service, and two configs for it: the machines of one never answer. */
export async function startExampleSageMaker(): Promise<SageMakerServer> {
  const server = await startSageMaker();
  server.call('CreatePipeline', { PipelineName: 'nightly', PipelineDefinition: JSON.stringify(nightly), RoleArn });
  for (const tag of ['1', 'unhealthy']) {
    server.call('CreateModel', { ModelName: `churn-${tag}`, PrimaryContainer: { Image: `serve:${tag}` }, ExecutionRoleArn: RoleArn });
    const variant = { VariantName: 'v', ModelName: `churn-${tag}`, InstanceType: 'ml.m5.large', InitialInstanceCount: 1 };
    server.call('CreateEndpointConfig', { EndpointConfigName: `churn-${tag}`, ProductionVariants: [variant] });
  }
  server.call('CreateEndpoint', { EndpointName: 'shop', EndpointConfigName: 'churn-1' });
  return server;
}

/** Jobs that end well and badly, one that is stopped and one whose create comes twice; a model, endpoints, a pipeline. Entrypoints run for real. */
export async function sageMakerScenarios(): Promise<readonly Scenario[]> {
  return [
    {
      name: 'SageMaker training',
      task: await example('training'),
      inputs: { depth: 6n },
      afterwards: async ({ sageMaker }) => `log: ${linesOf(sageMaker, 'churn-').join(', ')}`,
      expected: {
        phase: 'SUCCEEDED',
        message: /Completed/,
        outputs:
          /validation:auc.*0\.91.*s3:\/\/example-bucket\/models\/churn-[0-9a-f]{16}\/output\/model\.tar\.gz.*log: tree of depth 6|s3:\/\/example-bucket\/models\/churn-[0-9a-f]{16}\/output\/model\.tar\.gz.*0\.91.*log: tree of depth 6/s,
      },
    },
    {
      name: 'SageMaker job, broken',
      task: await example('broken'),
      inputs: {},
      expected: {
        phase: 'FAILED',
        message: /AlgorithmError: no such column: age, exit code: 3; see https:\/\/us-east-1\.console\.aws\.amazon\.com\/sagemaker\//,
      },
    },
    {
      name: 'SageMaker job, cancelled',
      task: await example('long'),
      inputs: {},
      cancelAfterMs: 1000,
      afterwards: async ({ sageMaker }) =>
        `job: ${jobsOf(sageMaker, 'sleep')
          .map(({ status }) => status)
          .join(' ')}`,
      expected: { phase: 'ABORTED', message: /cancelled/, outputs: /job: Stopp(ing|ed)/ },
    },
    {
      name: 'SageMaker job, sent twice',
      task: await example('broken'),
      inputs: {},
      run: createTwice({ type: 'sagemaker-processing-job', config: {}, custom: { config: processing, region: 'us-east-1' } }, twice),
      afterwards: async ({ sageMaker }) => `jobs: ${jobsOf(sageMaker, twice).length}`,
      expected: { phase: 'SUCCEEDED', message: /the same reference twice/, outputs: /jobs: 1/ },
    },
    {
      name: 'SageMaker model',
      task: await example('model'),
      inputs: { artefact: 's3://example-bucket/models/churn/output/model.tar.gz' },
      expected: { phase: 'SUCCEEDED', message: /.*/, outputs: /arn:aws:sagemaker:us-east-1:123456789012:model\/churn-[0-9a-f]{16}/ },
    },
    {
      name: 'SageMaker endpoint',
      task: await example('endpoint'),
      inputs: { name: `churn-${twice}`, endpoint_config: 'churn-1' },
      expected: { phase: 'SUCCEEDED', message: /InService/, outputs: /:endpoint\/churn-twice-/ },
    },
    {
      name: 'SageMaker endpoint, rolled back',
      task: await example('endpoint'),
      inputs: { name: 'shop', endpoint_config: 'churn-unhealthy' },
      afterwards: async ({ sageMaker }) =>
        `shop: ${JSON.stringify(sageMaker.call('DescribeEndpoint', { EndpointName: 'shop' })['EndpointConfigName'])}`,
      expected: {
        phase: 'FAILED',
        message: /the update to churn-unhealthy was rolled back to churn-1.*see https:/,
        outputs: /shop: "churn-1"/,
      },
    },
    {
      name: 'SageMaker pipeline',
      task: await example('pipeline'),
      inputs: { depth: 9n },
      afterwards: async ({ sageMaker }) => `log: ${linesOf(sageMaker, 'pipelines-').join(', ')}`,
      expected: { phase: 'SUCCEEDED', message: /Succeeded/, outputs: /prepare.*train.*log: depth 9|train.*prepare.*log: depth 9/s },
    },
  ];
}

/** The jobs whose request has a text. */
function jobsOf({ jobs }: SageMakerServer, text: string): SageMakerServer['jobs'] {
  return jobs.filter(({ request }) => JSON.stringify(request).includes(text));
}

/** What the jobs wrote whose names begin so. */
function linesOf({ jobs }: SageMakerServer, prefix: string): readonly string[] {
  return jobs.filter(({ name }) => name.startsWith(prefix)).flatMap(({ lines }) => lines.map(({ message }) => message));
}
