import { runTask, type RunTaskSettings } from '@flyte-agents/cli';
import { SageMakerAgent } from '@flyte-agents/sagemaker';
import type { Smoke, Step } from './smoke.ts';

/** A job that is cancelled is there so long before, in milliseconds. */
const cancelMs = 5000;

/** A processing job that ends well, one that fails, and one that is cancelled; as the role of the variable, with an image that has a shell. */
export const sageMakerSmoke: Smoke = {
  needs: ['SAGEMAKER_ROLE_ARN', 'SAGEMAKER_IMAGE', 'AWS_REGION'],
  run: async function* () {
    yield await step('a processing job', 'SUCCEEDED', run('echo hello'));
    yield await step('a processing job that fails', 'FAILED', run('exit 3'));
    yield await step('a processing job, cancelled', 'ABORTED', run('sleep 600', { signal: AbortSignal.timeout(cancelMs) }));
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

async function run(command: string, settings: Partial<RunTaskSettings> = {}): Promise<Ended> {
  const { SAGEMAKER_ROLE_ARN: RoleArn = '', SAGEMAKER_IMAGE: ImageUri = '', AWS_REGION: region = '' } = process.env;
  const id = { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'smoke', version: 'v1' };
  const config = {
    RoleArn,
    AppSpecification: { ImageUri, ContainerEntrypoint: ['sh', '-c', command] },
    ProcessingResources: { ClusterConfig: { InstanceCount: 1, InstanceType: 'ml.t3.medium', VolumeSizeInGB: 1 } },
    StoppingCondition: { MaxRuntimeInSeconds: 900 },
  };
  const task = { template: { id, type: 'sagemaker-processing-job', interface: {}, custom: { config, region } } };
  return runTask({ agents: [new SageMakerAgent()], task, callTimeoutMs: 60_000, ...settings });
}

async function step(name: string, expected: string, ended: Promise<Ended>): Promise<Step> {
  const { phase, message } = await ended;
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}
