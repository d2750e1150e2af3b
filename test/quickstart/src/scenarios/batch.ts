import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import type { BatchJob, BatchServer } from '@flyte-agents/test-upstreams';
import { createTwice } from '../create-twice.ts';
import { root, type Scenario } from '../scenario.ts';

const example = async (name: string): ReturnType<typeof readTaskFile> => readTaskFile(join(root, 'examples', `batch-${name}.yaml`));
const twice = `twice-${randomUUID().slice(0, 8)}`;

/** A container that writes to its log, one that fails, one that is cancelled, and one whose create comes twice; their commands run for real. */
export async function batchScenarios(): Promise<readonly Scenario[]> {
  return [
    {
      name: 'Batch job',
      task: await example('job'),
      inputs: {},
      afterwards: async ({ batch }) =>
        `log: ${jobsOf(batch, 'echo "hello')
          .flatMap(({ lines }) => lines.map(({ message }) => message))
          .join(' ')}`,
      expected: { phase: 'SUCCEEDED', message: /SUCCEEDED/, outputs: /log: hello from batch_job/ },
    },
    {
      name: 'Batch job, broken',
      task: await example('broken'),
      inputs: {},
      expected: {
        phase: 'RETRYABLE_FAILED',
        message: /Essential container in task exited; exit\(3\); see https:\/\/us-east-1\.console\.aws\.amazon\.com\/batch\//,
      },
    },
    {
      name: 'Batch job, cancelled',
      task: await example('long'),
      inputs: {},
      cancelAfterMs: 1000,
      afterwards: async ({ batch }) =>
        `job: ${jobsOf(batch, 'sleep')
          .map((job) => String(job.detail()['statusReason']))
          .join(' ')}`,
      expected: { phase: 'ABORTED', message: /cancelled/, outputs: /job: The task was ended by Flyte/ },
    },
    {
      name: 'Batch job, sent twice',
      task: await example('job'),
      inputs: {},
      run: createTwice(
        {
          type: 'aws-batch',
          config: { dynamic_queue: 'queue' },
          target: { case: 'container', value: { image: 'busybox', args: ['echo', twice] } },
        },
        twice,
      ),
      afterwards: async ({ batch }) => `jobs: ${jobsOf(batch, twice).length}`,
      expected: { phase: 'SUCCEEDED', message: /the same reference twice/, outputs: /jobs: 1/ },
    },
  ];
}

/** The jobs whose request has a text. */
function jobsOf({ jobs }: BatchServer, text: string): readonly BatchJob[] {
  return jobs.filter(({ request }) => JSON.stringify(request).includes(JSON.stringify(text).slice(1, -1)));
}
