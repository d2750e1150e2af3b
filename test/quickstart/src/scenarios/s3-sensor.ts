import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { root, type Scenario } from '../scenario.ts';

const examples = join(root, 'examples');

/** A sensor whose object appears, one whose time runs out, and one that is cancelled. */
export async function s3SensorScenarios(): Promise<readonly Scenario[]> {
  const [waitForObject, waitWithTimeout, waitForFolder] = await Promise.all([
    readTaskFile(join(examples, 'wait-for-object.yaml')),
    readTaskFile(join(examples, 'wait-with-timeout.json')),
    readTaskFile(join(examples, 'wait-for-folder.yaml')),
  ]);
  return [
    {
      name: 'object appears',
      task: waitForObject,
      inputs: { path: 's3://example-bucket/in/_SUCCESS' },
      event: {
        afterMs: 3000,
        text: 's3://example-bucket/in/_SUCCESS is put on S3',
        happen: ({ s3 }) => s3.put('example-bucket', 'in/_SUCCESS', 'done'),
      },
      expected: { phase: 'SUCCEEDED', message: /_SUCCESS is there/ },
    },
    {
      name: 'time runs out',
      task: waitWithTimeout,
      inputs: { path: 's3://example-bucket/in/never' },
      expected: { phase: 'FAILED', message: /timed out after 5 s/ },
    },
    {
      name: 'cancelled',
      task: waitForFolder,
      inputs: { path: 's3://example-bucket/in/folder' },
      cancelAfterMs: 2000,
      expected: { phase: 'ABORTED', message: /cancelled/ },
    },
  ];
}
