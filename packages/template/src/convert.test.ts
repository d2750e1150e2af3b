import { expect, test } from 'vitest';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import { toLinks, toResource } from './convert.ts';

test.each(jobs)('R10: a job that is $job.state is told as $resource.phase', ({ job, resource }) => {
  expect(toResource(job)).toMatchObject(resource);
});

test('a job that is done gives its exit code', () => {
  expect(toResource({ id: 'j1', state: 'DONE', hasStarted: true, exitCode: 3 }).outputs).toEqual({
    exit_code: { kind: 'integer', value: 3n },
  });
});

test('the link leads to the job', () => {
  expect(toLinks('a/b')).toEqual([{ name: 'Acme console', uri: 'https://console.acme.example/jobs/a%2Fb' }]);
});
