import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { root, type Scenario } from '../scenario.ts';

const examples = join(root, 'examples');

/** A sensor whose object appears, one of a pattern, one with outputs, one whose time runs out, and one that is cancelled. */
export async function s3SensorScenarios(): Promise<readonly Scenario[]> {
  const [waitForObject, waitForFiles, waitAndTell, waitWithTimeout, waitForFolder] = await Promise.all([
    readTaskFile(join(examples, 'wait-for-object.yaml')),
    readTaskFile(join(examples, 'wait-for-files.yaml')),
    readTaskFile(join(examples, 'wait-and-tell.yaml')),
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
      name: 'files of a pattern',
      task: waitForFiles,
      inputs: { path: 's3://example-bucket/tables/*.csv' },
      event: {
        afterMs: 2000,
        text: 'two files of the pattern are put on S3, and one that is not',
        happen: ({ s3 }) => {
          for (const name of ['a.csv', 'b.csv', 'c.txt']) s3.put('example-bucket', `tables/${name}`, name);
        },
      },
      expected: { phase: 'SUCCEEDED', message: /\*\.csv is there: 2 objects/ },
    },
    {
      name: 'told in outputs',
      task: waitAndTell,
      inputs: { paths: ['s3://example-bucket/eu/', 's3://example-bucket/us/'] },
      event: {
        afterMs: 1000,
        text: 's3://example-bucket/us/orders.csv is put on S3',
        happen: ({ s3 }) => s3.put('example-bucket', 'us/orders.csv', '1,2,3'),
      },
      expected: { phase: 'SUCCEEDED', message: /us\/ is there/, outputs: /found=True .*s3:\/\/example-bucket\/us\/orders\.csv/ },
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
      cancelAfterMs: 1500,
      expected: { phase: 'ABORTED', message: /cancelled/ },
    },
  ];
}
