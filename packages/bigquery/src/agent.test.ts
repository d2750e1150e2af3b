import { testAgent } from '@flyte-agents/testing';
import { describe, expect, test, vi } from 'vitest';
import { FakeClient, toJob } from './__fixtures__/client.ts';
import { toContext } from './__fixtures__/context.ts';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import { key, toTask } from './__fixtures__/task.ts';
import { BigQueryWorld } from './__fixtures__/world.ts';
import { BigQueryAgent } from './agent.ts';
import type { Connect } from './client.ts';
import type { JobRef } from './config.ts';
import { BigQueryError } from './errors.ts';
import type { BigQueryAgentOptions } from './options.ts';

testAgent({
  name: 'BigQueryAgent',
  world: () => new BigQueryWorld(),
  task: {
    type: 'bigquery_query_job_task',
    custom: { ProjectID: 'p1', Location: null, Domain: 'development' },
    outputs: { results: { kind: 'dataset', uri: 'bq://p1:_anonymous.anon1', format: '', columns: [] } },
    template: { target: { case: 'sql', value: { statement: 'SELECT 1' } } },
  },
  guarantee: 'once',
  schedules: 10_000,
  invalid: [
    { custom: {}, names: 'ProjectID' },
    { custom: { ProjectID: 'p1', Location: 5 }, names: 'Location' },
    { custom: { ProjectID: 'p1', jobTimeoutMs: 'soon' }, names: 'jobTimeoutMs' },
    { custom: { ProjectID: 'p1', queryParameters: [{ name: 'x' }] }, names: 'queryParameters.0.parameterType' },
    { custom: { ProjectID: 'p1', load: {}, copy: {} }, names: 'load, extract and copy' },
  ],
});

const context = toContext();
const ref: JobRef = { project: 'p1', jobId: `flyte_${key}`, location: 'EU', outputs: {} };
const answered = (status: number, reason: string) => new BigQueryError(reason, { from: 'service', status, reason });

function toAgent(options: BigQueryAgentOptions = {}) {
  const client = new FakeClient();
  return { client, agent: new BigQueryAgent({ connect: async () => client, ...options }) };
}

/** What a dry run answers. */
function dry(bytes: string) {
  return async () => ({ ...toJob(ref), statistics: { totalBytesProcessed: bytes } });
}

function many(count: number): JobRef[] {
  return Array.from({ length: count }, (_, index) => ({ ...ref, jobId: `job-${index}` }));
}

/** With so many jobs. */
function toMany(count: number) {
  const made = toAgent();
  for (const { jobId } of many(count)) made.client.jobs.set(jobId, toJob({ jobId }));
  return made;
}

function countingConnect() {
  return vi.fn<Connect>(async () => new FakeClient());
}

describe('create', () => {
  test('BQ1, C2: the same attempt on two replicas is one job and one reference', async () => {
    const { client, agent } = toAgent();
    const replica = new BigQueryAgent({ connect: async () => client });
    const first = await agent.create(toTask({}), context);
    expect(await replica.create(toTask({}), context)).toEqual(first);
    expect(first).toEqual(ref);
    expect(client.jobs.size).toBe(1);
  });

  test('BQ1, C3: a job of this id that has not its key is not adopted', async () => {
    const { client, agent } = toAgent();
    client.jobs.set(ref.jobId, { ...toJob(ref), configuration: { labels: {} } });
    await expect(agent.create(toTask({}), context)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      submitted: 'no',
      message: expect.stringContaining('somebody else has a job of this id'),
    });
  });

  test('BQ1, R2: a submit that ended with a 5xx is looked up: it is adopted, or may be sent again', async () => {
    const { client, agent } = toAgent();
    client.insert.mockRejectedValue(answered(503, 'backendError'));
    await expect(agent.create(toTask({}), context)).rejects.toMatchObject({ submitted: 'no', passes: true });
    client.jobs.set(ref.jobId, toJob(ref));
    expect(await agent.create(toTask({}), context)).toEqual(ref);
  });

  test('BQ1, R2: nobody knows of a submit that was not answered, nor of a duplicate that does not show', async () => {
    const { client, agent } = toAgent();
    client.insert.mockRejectedValueOnce(new BigQueryError('', { from: 'nobody' })).mockRejectedValueOnce(answered(409, 'duplicate'));
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(agent.create(toTask({}), context)).rejects.toMatchObject({ submitted: 'unknown' });
    }
  });

  test('BQ1, C3: is looked up by its id, and not found where somebody else has that', async () => {
    const { client, agent } = toAgent();
    const where = agent.locate(toTask({}));
    client.jobs.set(ref.jobId, toJob(ref));
    expect(await agent.find(key, where, context)).toEqual(ref);
    client.jobs.set(ref.jobId, { ...toJob(ref), configuration: { labels: {} } });
    expect(await agent.find(key, where, context)).toBeUndefined();
  });

  test('the submit gets no signal, the reads get theirs', async () => {
    const { client, agent } = toAgent();
    const created = await agent.create(toTask({ custom: { maximumBytesProcessed: 5 } }), context);
    await agent.get(created, context);
    await agent.delete(created, context);
    expect(client.insert.mock.calls[0]).toHaveLength(1);
    expect(client.cancel.mock.calls[0]).toHaveLength(1);
    for (const { mock } of [client.dryRun, client.get, client.find]) expect(mock.calls[0]?.at(-1)).toBe(context.signal);
  });
});

describe('BQ12: a query that would read more than it may', () => {
  test.each([
    ['the task', { custom: { maximumBytesProcessed: '1000' } }, {}],
    ['the operator', { custom: { maximumBytesProcessed: '5000' } }, { maximumBytesProcessed: 1000n }],
  ])('is refused before it starts, where %s says so', async (_who, init, options) => {
    const { client, agent } = toAgent(options);
    client.dryRun.mockImplementation(dry('1001'));
    await expect(agent.create(toTask(init), context)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      origin: 'user',
      message: expect.stringContaining('the query would read 1001 bytes, 1000 are allowed'),
    });
    expect(client.insert).not.toHaveBeenCalled();
    client.dryRun.mockImplementation(dry('1000'));
    await agent.create(toTask(init), context);
    expect(client.insert).toHaveBeenCalledTimes(1);
  });

  test('goes on when it runs already', async () => {
    const { client, agent } = toAgent({ maximumBytesProcessed: 1000n });
    client.jobs.set(ref.jobId, toJob(ref));
    client.dryRun.mockImplementation(dry('1001'));
    expect(await agent.create(toTask({}), context)).toEqual(ref);
  });

  test('is not asked about without a limit, and no other job is', async () => {
    const { client, agent } = toAgent();
    await agent.create(toTask({}), context);
    await agent.create(toTask({ custom: { load: {}, maximumBytesProcessed: 5 } }), { ...context, idempotencyKey: key }).catch(() => {});
    expect(client.dryRun).not.toHaveBeenCalled();
  });

  test('R2: has submitted nothing when the dry run fails', async () => {
    const { client, agent } = toAgent({ maximumBytesProcessed: 1000n });
    client.dryRun.mockRejectedValue(new BigQueryError('no answer', { from: 'nobody' }));
    await expect(agent.create(toTask({}), context)).rejects.toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
  });
});

describe('get', () => {
  test('BQ11: asks for the jobs of a script that is over, and of nothing else', async () => {
    const { client, agent } = toAgent();
    const table = { ...ref, outputs: { results: 'TABLE' } } as const;
    client.get.mockResolvedValueOnce(jobs.running).mockResolvedValueOnce(jobs.script);
    client.list.mockResolvedValue(jobs.scriptJobs);
    await agent.get(table, context);
    expect(client.list).not.toHaveBeenCalled();
    expect(await agent.get(table, context)).toMatchObject({ phase: 'SUCCEEDED', outputs: { results: { uri: 'bq://p1:_d1.anon2' } } });
    expect(client.list).toHaveBeenCalledExactlyOnceWith({ project: 'p1', parentJobId: ref.jobId }, context.signal);
  });

  test('BQ14: reads rows only when the task wants columns and the job has ended well', async () => {
    const { client, agent } = toAgent();
    client.get.mockResolvedValueOnce(jobs.running).mockResolvedValueOnce(jobs.failed).mockResolvedValue(jobs.select);
    client.firstRows.mockResolvedValue({ schema: { fields: [{ name: 'n', type: 'INTEGER' }] }, rows: [{ f: [{ v: '3' }] }] });
    const columns = { ...ref, outputs: { n: 'INTEGER' } } as const;
    for (const phase of ['RUNNING', 'FAILED']) expect((await agent.get(columns, context)).phase).toBe(phase);
    expect(client.firstRows).not.toHaveBeenCalled();
    expect((await agent.get(columns, context)).outputs).toEqual({ n: { kind: 'integer', value: 3n } });
    await agent.get(ref, context);
    expect(client.firstRows).toHaveBeenCalledTimes(1);
  });
});

describe('C33: polls of one project', () => {
  test('are one group, whatever the location', () => {
    const { agent } = toAgent();
    expect(agent.pollGroup(ref)).toBe(agent.pollGroup({ ...ref, location: 'US' }));
    expect(agent.pollGroup(ref)).not.toBe(agent.pollGroup({ ...ref, project: 'p2' }));
  });

  test('are asked one by one while they are few', async () => {
    const { client, agent } = toMany(19);
    expect(await agent.getMany(many(19), context)).toHaveLength(19);
    expect([client.get, client.list].map(({ mock }) => mock.calls.length)).toEqual([19, 0]);
  });

  test('are one listing from the number on at which it costs less; what it does not show is asked for', async () => {
    const { client, agent } = toMany(20);
    client.list.mockResolvedValue([...client.jobs.values()].slice(0, 18));
    const answers = await agent.getMany([...many(20), { ...ref, jobId: 'gone' }], context);
    expect([client.get, client.list].map(({ mock }) => mock.calls.length)).toEqual([3, 1]);
    expect(answers.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => ({ phase: 'WAITING_FOR_RESOURCES', message: 'PENDING' })));
    expect(answers[20]).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('are asked one by one by who may not list', async () => {
    const { client, agent } = toMany(20);
    client.list.mockRejectedValue(answered(403, 'accessDenied'));
    expect(await agent.getMany(many(20), context)).toHaveLength(20);
    expect(client.get).toHaveBeenCalledTimes(20);
  });

  test('are not asked twice when the listing passes by itself', async () => {
    const { client, agent } = toMany(20);
    client.list.mockRejectedValue(answered(503, 'backendError'));
    await expect(agent.getMany(many(20), context)).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
    expect(client.get).not.toHaveBeenCalled();
  });
});

describe('BQ16, C13, C16: credentials', () => {
  const secrets = { GOOGLE_APPLICATION_CREDENTIALS: '{"type":"service_account"}', BIGQUERY_IMPERSONATE: 'a@p.iam, b@p.iam' };

  test('are those of the project and domain, and one client serves them until they change', async () => {
    const made = countingConnect();
    const agent = new BigQueryAgent({ connect: made });
    for (const domain of ['d', 'd', 'e']) await agent.create(toTask({}), toContext(secrets, domain));
    expect(made).toHaveBeenCalledTimes(2);
    expect(made).toHaveBeenCalledWith('p1', { key: '{"type":"service_account"}', impersonate: ['a@p.iam', 'b@p.iam'] });
    await agent.create(toTask({}), toContext({ ...secrets, GOOGLE_APPLICATION_CREDENTIALS: 'rotated' }, 'd'));
    await agent.create(toTask({ custom: { ProjectID: 'p2' } }), toContext(secrets, 'd'));
    expect(made).toHaveBeenCalledTimes(4);
  });

  test("are the server's own where there is no secret, also if a variable says where their file is", async () => {
    const made = countingConnect();
    const agent = new BigQueryAgent({ connect: made });
    await agent.create(toTask({}), toContext());
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/secrets/key.json');
    await agent.create(toTask({}), toContext({ GOOGLE_APPLICATION_CREDENTIALS: '/secrets/key.json' }));
    vi.unstubAllEnvs();
    expect(made.mock.calls).toEqual([['p1', { key: undefined, impersonate: undefined }]]);
  });

  test('R8: whom the server acts as is no choice of a task', async () => {
    const read = vi.fn<(secret: { readonly name: string; readonly argument?: string | undefined }) => Promise<undefined>>(
      async () => undefined,
    );
    const asked = { ...context, secrets: { ...context.secrets, read } };
    await new BigQueryAgent({ connect: countingConnect() }).create(toTask({}), asked);
    expect(read.mock.calls.map(([{ name, argument }]) => [name, argument])).toEqual([
      ['google_application_credentials', 'google_application_credentials'],
      ['bigquery_impersonate', undefined],
    ]);
  });
});

test('OP10: the doctor is told whether the service lets the server in, and tasks can do without it', async () => {
  const { agent, client } = toAgent();
  const [check] = agent.checks();
  expect(check).toMatchObject({ name: 'service', isOptional: true });
  expect(await check?.run(context)).toBe('BigQuery answers, 2 projects can be seen');
  client.countProjects.mockRejectedValue(answered(403, 'accessDenied'));
  await expect(check?.run(context)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining('(grant its account'),
  });
});

test('BQ5: references of the Python agents are read, also without a location', () => {
  const { agent } = toAgent();
  const read = (value: object) => agent.legacyRef['~standard'].validate(value);
  expect(read({ job_id: 'b3b1', project: 'p1', location: 'EU' })).toEqual({
    value: { project: 'p1', jobId: 'b3b1', location: 'EU', outputs: null },
  });
  expect(read({ job_id: 'b3b1', project: 'p1', location: null, user_agent: 'Flyte/2.12.1 (GPN:Union;d)' })).toMatchObject({
    value: { jobId: 'b3b1', location: null },
  });
});

test('R7: references of the first version are read for ever', () => {
  const frozen = {
    project: 'p1',
    location: 'EU',
    outputs: { results: 'TABLE', total: 'INTEGER' },
    jobId: 'flyte_0123456789abcdef0123456789abcdef',
  };
  expect(toAgent().agent.ref['~standard'].validate(frozen)).toEqual({ value: frozen });
});
