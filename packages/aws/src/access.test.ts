import { BatchClient, DescribeJobsCommand } from '@aws-sdk/client-batch';
import { SecretSource } from '@flyte-agents/core';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readRole, toClientSettings } from './access.ts';
import { toSubmitFault } from './faults.ts';
import { request } from './request-error.ts';

const roleArn = 'arn:aws:iam::123456789012:role/teams/sales';
let upstream: FaultyUpstream;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({
    handler: ({ path }) => (path === '/' ? { headers: { 'content-type': 'text/xml' }, body: assumed } : { body: { jobs: [] } }),
  });
  vi.stubEnv('AWS_ENDPOINT_URL', upstream.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'server');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>assumed</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken>
<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

async function client(role: { readonly roleArn?: string; readonly externalId?: string } = {}): Promise<BatchClient> {
  return new BatchClient(await toClientSettings({ region: 'us-east-2', roleArn: role.roleArn, externalId: role.externalId }));
}

const describeJobs = (batch: BatchClient): Promise<unknown> =>
  request(batch, z.object({ jobs: z.array(z.unknown()) }), () => batch.send(new DescribeJobsCommand({ jobs: ['j'] })));

test('C28: the standard chain of credentials and the standard endpoint variables are used', async () => {
  await describeJobs(await client());
  expect(upstream.requests.map(({ path }) => path)).toEqual(['/v1/describejobs']);
  expect(upstream.requests[0]?.headers['authorization']).toContain('Credential=server/');
});

test('C13: a role is assumed once, with its external id, and used', async () => {
  const batch = await client({ roleArn, externalId: 'ours' });
  await Promise.all([describeJobs(batch), describeJobs(batch)]);
  await describeJobs(batch);
  const [first, ...others] = upstream.requests;
  expect(Object.fromEntries(new URLSearchParams(first?.body))).toMatchObject({
    Action: 'AssumeRole',
    RoleArn: roleArn,
    ExternalId: 'ours',
    RoleSessionName: 'flyte-agents',
  });
  expect(others.map(({ path }) => path)).toEqual(['/v1/describejobs', '/v1/describejobs', '/v1/describejobs']);
  for (const { headers } of others) expect(headers['authorization']).toContain('Credential=assumed/');
});

test('C10: a region that nobody names is asked for', async () => {
  for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(variable, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
  const batch = new BatchClient(await toClientSettings({ region: undefined, roleArn: undefined, externalId: undefined }));
  const error: unknown = await describeJobs(batch).catch((caught: unknown) =>
    toSubmitFault(caught, { service: 'AWS Batch', what: 'submit' }),
  );
  expect(error).toMatchObject({ code: 'UNAUTHENTICATED', submitted: 'no', message: expect.stringContaining('set AWS_REGION') });
});

test('C10: a role that may not be assumed is told as such, and nothing was submitted', async () => {
  upstream.fault({ kind: 'refused', times: 9 });
  const error: unknown = await describeJobs(await client({ roleArn })).catch((caught: unknown) =>
    toSubmitFault(caught, { service: 'AWS Batch', what: 'submit' }),
  );
  expect(error).toMatchObject({
    code: 'UNAUTHENTICATED',
    passes: false,
    submitted: 'no',
    message: expect.stringContaining('check the credentials of the server'),
  });
});

const secrets = (variables: Record<string, string>) =>
  new SecretSource(variables, { files: false }).of({ project: 'sales', domain: 'production' });

describe('whose role it is', () => {
  test('C12: is among the secrets', async () => {
    expect(await readRole(secrets({ _FSEC_AWS_ASSUME_ROLE_ARN: roleArn, AWS_ASSUME_ROLE_EXTERNAL_ID: 'ours' }))).toEqual({
      roleArn,
      externalId: 'ours',
    });
    expect(await readRole(secrets({ AWS_ROLE_ARN: roleArn }))).toEqual({ roleArn: undefined, externalId: undefined });
  });

  test('C13: cannot be chosen by a task', async () => {
    const connection = { secrets: { aws_assume_role_arn: roleArn }, configs: {} };
    expect(await readRole(new SecretSource({}, { files: false }).of({ project: 'p', domain: 'd', connection }))).toEqual({});
  });

  test('is an ARN', async () => {
    await expect(readRole(secrets({ AWS_ASSUME_ROLE_ARN: 'sales' }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
