import { createServer, type Socket } from 'node:net';
import { toSubmitFault } from '@flyte-agents/aws';
import { FaultyUpstream, type FaultKind } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import { connect, type BatchClient, type NewJob } from './client.ts';
import { asked, isUnknownJob, isWithoutDefinition, rethrow } from './errors.ts';

const { signal } = new AbortController();
const access = { region: 'us-east-2', roleArn: undefined, externalId: undefined };
const newJob: NewJob = { kind: 'job', request: { jobName: 'n', jobQueue: 'q', jobDefinition: 'd', tomorrow: 'x' } };
let upstream: FaultyUpstream;
let client: BatchClient;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({ handler: ({ path, headers, body }) => answer(String(headers['x-amz-target'] ?? path), body) });
  vi.stubEnv('AWS_ENDPOINT_URL', upstream.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'access');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  client = await connect(access);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

function answer(operation: string, body: string) {
  const summary = { jobId: 'j1', jobName: 'n', status: 'RUNNING', createdAt: 1 };
  if (operation.includes('denied') || body.includes('denied'))
    return {
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      body: { message: 'not authorized to perform: batch:DescribeJobs' },
    };
  if (body.includes('"jobDefinition":"gone"'))
    return { status: 400, headers: { 'x-amzn-errortype': 'ClientException' }, body: { message: 'JobDefinition gone:1 does not exist' } };
  if (body.includes('"jobId":"unknown"'))
    return { status: 400, headers: { 'x-amzn-errortype': 'ClientException' }, body: { message: 'Job unknown does not exist' } };
  if (operation.endsWith('GetLogEvents')) return { body: { events: [{ message: 'hello', timestamp: 1 }], nextForwardToken: 'f/1' } };
  switch (operation) {
    case '/v1/submitjob':
    case '/v1/submitservicejob':
      return { body: { jobId: 'j1', jobName: 'n', jobArn: 'arn:aws:batch:us-east-2:1:job/j1' } };
    case '/v1/listjobs':
    case '/v1/listservicejobs':
      return { body: body.includes('page2') ? { jobSummaryList: [summary] } : { jobSummaryList: [summary], nextToken: 'page2' } };
    case '/v1/describejobs':
      return { body: { jobs: [jobs.running] } };
    case '/v1/describeservicejob':
      return { body: { ...summary, serviceJobType: 'SAGEMAKER_TRAINING', startedAt: 1, jobQueue: 'q' } };
    case '/v1/describejobdefinitions':
      return { body: { jobDefinitions: [definition(1), definition(3), definition(2)] } };
    case '/v1/registerjobdefinition':
      return { body: definition(4) };
    case '/v1/describejobqueues':
      return { body: { jobQueues: [{ state: 'ENABLED', computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'ce' }] }] } };
    case '/v1/describecomputeenvironments':
      return { body: { computeEnvironments: [{ computeEnvironmentName: 'ce', status: 'VALID', computeResources: { maxvCpus: 4 } }] } };
    default:
      return { body: {} };
  }
}

function definition(revision: number) {
  return { jobDefinitionName: 'd', revision, jobDefinitionArn: `arn:d:${revision}` };
}

/** What the upstream was asked last. */
function last() {
  const { path, body } = upstream.requests.at(-1) ?? { path: '', body: '' };
  return { path, body: JSON.parse(body) };
}

describe("the SDK's requests", () => {
  test('AB1: a submit has what the task says, and is signed', async () => {
    expect(await client.submit(newJob)).toMatchObject({ jobId: 'j1', jobArn: 'arn:aws:batch:us-east-2:1:job/j1' });
    expect(last()).toEqual({ path: '/v1/submitjob', body: { jobName: 'n', jobQueue: 'q', jobDefinition: 'd' } });
    expect(upstream.requests[0]?.headers['authorization']).toContain('/us-east-2/batch/aws4_request');
  });

  test('AB13: a service job is submitted with its token', async () => {
    const request = { jobName: 'n', jobQueue: 'q', serviceJobType: 'SAGEMAKER_TRAINING', serviceRequestPayload: '{}', clientToken: 'k' };
    await client.submit({ kind: 'service', request });
    expect(last()).toEqual({ path: '/v1/submitservicejob', body: request });
  });

  test.each([
    ['job', '/v1/listjobs'],
    ['service', '/v1/listservicejobs'],
  ] as const)('AB1: a %s is looked for by name, on all pages', async (kind, path) => {
    expect(await client.list({ kind, queue: 'q', name: 'n' }, signal)).toHaveLength(2);
    expect(upstream.requests).toHaveLength(2);
    expect(last()).toEqual({ path, body: { jobQueue: 'q', filters: [{ name: 'JOB_NAME', values: ['n'] }], nextToken: 'page2' } });
  });

  test('jobs are described together, service jobs one by one', async () => {
    expect(await client.describe('job', ['a', 'b'], signal)).toMatchObject([{ jobId: jobs.running.jobId, status: 'RUNNING' }]);
    expect(last()).toEqual({ path: '/v1/describejobs', body: { jobs: ['a', 'b'] } });
    expect(await client.describe('service', ['a'], signal)).toMatchObject([{ jobId: 'j1' }]);
    expect(last()).toEqual({ path: '/v1/describeservicejob', body: { jobId: 'a' } });
  });

  test.each([
    ['job', '/v1/terminatejob'],
    ['service', '/v1/terminateservicejob'],
  ] as const)('AB7: a %s is terminated, with a reason', async (kind, path) => {
    await client.terminate(kind, 'j1', 'because');
    expect(last()).toEqual({ path, body: { jobId: 'j1', reason: 'because' } });
  });

  test('AB10: of a definition, the latest revision is found', async () => {
    expect(await client.findDefinition('d', signal)).toBe('arn:d:3');
    expect(last().body).toEqual({ jobDefinitionName: 'd', status: 'ACTIVE' });
    expect(await client.register({ name: 'd', request: { type: 'container', containerProperties: { image: 'i' } } })).toBe('arn:d:4');
    expect(last().body).toEqual({ jobDefinitionName: 'd', type: 'container', containerProperties: { image: 'i' } });
  });

  test('AB9: the jobs of an array that failed are listed', async () => {
    expect(await client.failedOf('parent', signal)).toHaveLength(1);
    expect(last().body).toEqual({ arrayJobId: 'parent', jobStatus: 'FAILED', maxResults: 100 });
  });

  test('AB15: a queue is told with what it runs on', async () => {
    expect(await client.queue('q', signal)).toMatchObject({
      state: 'ENABLED',
      environments: [{ computeEnvironmentName: 'ce', computeResources: { maxvCpus: 4 } }],
    });
    expect(last().body).toEqual({ computeEnvironments: ['ce'] });
  });

  test('AB14, C23: a log is read from its beginning, or from where one was', async () => {
    expect(await client.readLog({ group: 'g', stream: 's', token: 'f/0', limit: 10 }, signal)).toEqual({
      events: [{ message: 'hello', timestamp: 1 }],
      nextForwardToken: 'f/1',
    });
    expect(last().body).toEqual({ logGroupName: 'g', logStreamName: 's', startFromHead: true, nextToken: 'f/0', limit: 10 });
  });

  test('C15: nothing is tried twice: the core retries', async () => {
    upstream.fault({ kind: 'unavailable', times: 2 });
    await expect(client.describe('job', ['a'], signal)).rejects.toMatchObject({ facts: { status: 503 } });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('what goes wrong', () => {
  test.each<[FaultKind, object]>([
    ['throttled', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no', retryAfterMs: 2000 }],
    ['unavailable', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
    ['refused', { code: 'PERMISSION_DENIED', passes: false, submitted: 'no' }],
    ['lost-before', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'AWS Batch submit: no answer (ECONNRESET)' }],
    ['lost-after', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'AWS Batch submit: no answer (ECONNRESET)' }],
    ['malformed', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'AWS Batch submit: the answer is not one of AWS' }],
    ['truncated', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ])('AB1, R2: a submit that is %s is said so', async (kind, fault) => {
    upstream.fault({ kind, retryAfterMs: 2000 });
    const error: unknown = await client.submit(newJob).catch((caught: unknown) => toSubmitFault(caught, asked('submit')));
    expect(error).toMatchObject(fault);
  });

  test('a server that is not there has taken nothing', async () => {
    await upstream.close();
    const error: unknown = await client.submit(newJob).catch((caught: unknown) => toSubmitFault(caught, asked('submit')));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no', message: 'AWS Batch submit: no answer (ECONNREFUSED)' });
  });

  test('C9: a refusal is told in the words of AWS', async () => {
    await expect(client.describe('job', ['denied'], signal).catch(rethrow('job denied'))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      origin: 'system',
      message: expect.stringContaining('AWS Batch job denied: AccessDeniedException: not authorized to perform: batch:DescribeJobs (grant'),
    });
  });

  test('a job and a definition that are gone are known as such', async () => {
    const error: unknown = await client
      .submit({ kind: 'job', request: { ...newJob.request, jobDefinition: 'gone' } })
      .catch((caught: unknown) => caught);
    expect(isWithoutDefinition(error)).toBe(true);
    const unknown: unknown = await client.terminate('job', 'unknown', 'x').catch((caught: unknown) => caught);
    expect(isUnknownJob(unknown)).toBe(true);
    expect(isWithoutDefinition(unknown)).toBe(false);
  });

  test('R5: a read ends with its signal, and so does its connection', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer(
      (socket) =>
        void sockets.add(
          socket
            .on('close', () => sockets.delete(socket))
            .on('error', () => {})
            .resume(),
        ),
    );
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    vi.stubEnv('AWS_ENDPOINT_URL_BATCH', `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    const controller = new AbortController();
    const answered = (await connect(access)).describe('job', ['a'], controller.signal).catch(rethrow('job a'));
    await expect.poll(() => sockets.size).toBe(1);
    controller.abort();
    await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'AWS Batch job a: no answer (AbortError)' });
    await expect.poll(() => sockets.size).toBe(0);
    silent.close();
  });
});
