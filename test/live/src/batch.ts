import { runTask, type RunTaskSettings } from '@flyte-agents/cli';
import { BatchAgent } from '@flyte-agents/batch';
import type { Smoke, Step } from './smoke.ts';

/** A job that is cancelled is there so long before, in milliseconds. */
const cancelMs = 5000;

/** A container that ends well, one that fails, and one that is cancelled; on the queue of the variable, as whom the AWS SDK finds. */
export const batchSmoke: Smoke = {
  needs: ['BATCH_QUEUE', 'AWS_REGION'],
  run: async function* () {
    yield await step('a container', 'SUCCEEDED', run(['echo', 'hello']));
    yield await step('a container that fails', 'RETRYABLE_FAILED', run(['sh', '-c', 'exit 3']));
    yield await step('a container, cancelled', 'ABORTED', run(['sleep', '600'], { signal: AbortSignal.timeout(cancelMs) }));
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

async function run(args: string[], settings: Partial<RunTaskSettings> = {}): Promise<Ended> {
  const image = process.env['BATCH_IMAGE'] ?? 'public.ecr.aws/docker/library/busybox:latest';
  const id = { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'smoke', version: 'v1' };
  const custom = { jobQueue: process.env['BATCH_QUEUE'] ?? '' };
  const task = { template: { id, type: 'aws-batch', interface: {}, custom, container: { image, args } } };
  return runTask({ agents: [new BatchAgent()], task, callTimeoutMs: 60_000, ...settings });
}

async function step(name: string, expected: string, ended: Promise<Ended>): Promise<Step> {
  const { phase, message } = await ended;
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}
