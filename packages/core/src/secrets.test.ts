import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rejection } from './__fixtures__/agents.ts';
import { holdsSecret } from './redact.ts';
import { SecretSource, type Connection, type SecretName, type Secrets, type Tenant } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-secrets-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

function source(environment: Record<string, string> = {}): SecretSource {
  return new SecretSource({ FLYTE_SECRETS_DEFAULT_DIR: folder, ...environment });
}

function connection(secrets: Record<string, string>, configs: Record<string, string> = {}): Connection {
  return { secrets, configs };
}

const tenant: Tenant = { project: 'sales', domain: 'production' };
const apiKey: SecretName = { name: 'FLYTE_OPENAI_API_KEY', argument: 'openai_api_key' };
const byTask: SecretName = { ...apiKey, namedBy: 'task' };

function read(secrets: Secrets): Promise<string | undefined> {
  return secrets.read({ name: 'token' });
}

function tenantWith(sent: Connection | undefined): string {
  return source().of({ ...tenant, connection: sent }).tenant;
}

/** Passes the time for which a file is taken to be as it was. */
function later(): void {
  vi.advanceTimersByTime(1001);
}

describe('C12, C13: a secret is taken', () => {
  const places = {
    connection: 'from the call itself',
    'projects/sales/production/flyte_openai_api_key': 'from the folder of its project and domain',
    'domains/production/flyte_openai_api_key': 'from the folder of its domain',
    _FSEC_FLYTE_OPENAI_API_KEY: 'from the variable with the prefix',
    FLYTE_OPENAI_API_KEY: 'from the variable without it',
    flyte_openai_api_key: 'from the file for all',
  } as const;
  const names = Object.keys(places);

  test.each(names.map((name, index) => [Object.values(places)[index], name, names.slice(index)] as const))(
    '%s, and from nowhere after it',
    async (_words, first, there) => {
      const environment: Record<string, string> = {};
      let sent = {};
      for (const name of there) {
        if (name === 'connection') sent = { openai_api_key: ` value of ${name}\n` };
        else if (name.startsWith('_') || name === name.toUpperCase()) environment[name] = ` value of ${name}\n`;
        else await write(name, ` value of ${name}\n`);
      }
      const secrets = source(environment).of({ ...tenant, connection: connection(sent) });
      expect([await secrets.read(apiKey), await secrets.require(apiKey)]).toEqual([`value of ${first}`, `value of ${first}`]);
    },
  );

  test('from nowhere else', async () => {
    await write('projects/sales/development/flyte_openai_api_key', 'of another domain');
    await write('projects/finance/production/flyte_openai_api_key', 'of another project');
    await write('projects/sales/flyte_openai_api_key', 'of no domain');
    await write('sales/production/flyte_openai_api_key', 'outside');
    const environment = { FLYTE_OPENAI_API_KEY_2: 'other', flyte_openai_api_key: 'in small letters' };
    const secrets = source(environment).of({ ...tenant, connection: connection({ FLYTE_OPENAI_API_KEY: 'by another name' }) });
    expect(await secrets.read(apiKey)).toBeUndefined();
  });

  test('by the prefixes and from the folder that the environment names', async () => {
    await write('team-flyte_openai_api_key', 'of the team');
    await write('domains/production/team-flyte_openai_api_key', 'of the domain');
    const secrets = source({ FLYTE_SECRETS_FILE_PREFIX: 'team-', FLYTE_SECRETS_ENV_PREFIX: 'TEAM_', TEAM_OTHER: 'by the prefix' });
    expect(await secrets.of(tenant).read(apiKey)).toBe('of the domain');
    expect(await secrets.of({ project: '', domain: '' }).read(apiKey)).toBe('of the team');
    expect(await secrets.of(tenant).read({ name: 'other' })).toBe('by the prefix');
  });

  test.each(['', ' \n'])('from the next place where a call or a variable has %j', async (empty) => {
    const secrets = source({ _FSEC_FLYTE_OPENAI_API_KEY: empty, FLYTE_OPENAI_API_KEY: 'bare' });
    expect(await secrets.of({ ...tenant, connection: connection({ openai_api_key: empty }) }).read(apiKey)).toBe('bare');
  });

  test.each(['constructor', '__proto__', 'toString'])('by the name %s only if it was sent', async (argument) => {
    const secrets = source().of({ ...tenant, connection: connection({}) });
    expect(await secrets.read({ name: 'X', argument })).toBeUndefined();
  });
});

test('C12: a missing secret is a lasting fault that tells where it was looked for, in order', async () => {
  const error = await rejection(
    source()
      .of({ ...tenant, connection: connection({}) })
      .require(apiKey),
  );
  expect(error).toMatchObject({
    code: 'UNAUTHENTICATED',
    origin: 'system',
    passes: false,
    message: [
      "no secret FLYTE_OPENAI_API_KEY: looked for openai_api_key in the task's secrets",
      `file ${folder}/projects/sales/production/flyte_openai_api_key`,
      `file ${folder}/domains/production/flyte_openai_api_key`,
      'variable _FSEC_FLYTE_OPENAI_API_KEY',
      'variable FLYTE_OPENAI_API_KEY',
      `file ${folder}/flyte_openai_api_key, in this order (set one of them where the server runs)`,
    ].join(', '),
  });
  const { message } = Object(await rejection(new SecretSource({}).of({ project: '', domain: '' }).require({ name: 'no-such-key' })));
  expect(message).toBe(
    'no secret no-such-key: looked for variable _FSEC_NO-SUCH-KEY, variable NO-SUCH-KEY, file /etc/secrets/no-such-key, in this order (set one of them where the server runs)',
  );
});

test('OP10: tells where a secret is, not what it is', async () => {
  const secrets = new SecretSource({ _FSEC_KEY: ' geheim ' }).of({ project: '', domain: '' });
  expect(await secrets.where({ name: 'key' })).toBe('variable _FSEC_KEY');
  await expect(secrets.where({ name: 'other' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

describe('R8, C14: the name of a secret', () => {
  test.each(['../x', 'a/b', 'a\\b', '..', '.', '..data', '', 'a b', 'a\0b', 'a\nb', 'ä', 'x'.repeat(254)])('cannot be %j', async (name) => {
    await write('x', 'never');
    const secrets = source({ '': 'never' }).of(tenant);
    expect(await rejection(secrets.read({ name }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await rejection(secrets.require({ name, namedBy: 'task' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test.each([
    ['..', 'production'],
    ['sales/../finance', 'production'],
    ['sales', '..'],
    ['', 'production'],
    ['sales', ''],
    ['sa\0les', 'production'],
  ])('never leads into a folder of another tenant: project %j, domain %j', async (project, domain) => {
    await write('projects/finance/production/flyte_openai_api_key', 'of finance');
    await write('projects/production/flyte_openai_api_key', 'of nobody');
    await write('production/flyte_openai_api_key', 'of nobody');
    await write('flyte_openai_api_key', 'for all');
    expect(await source().of({ project, domain }).read(apiKey)).toBe('for all');
  });

  test('out of a task’s config finds no variable of the server, only what is there for agents', async () => {
    const environment = { PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'of the server', FLYTE_OPENAI_API_KEY: 'bare' };
    const secrets = source(environment).of(tenant);
    for (const name of ['PATH', 'AWS_SECRET_ACCESS_KEY', 'FLYTE_OPENAI_API_KEY']) {
      expect(await secrets.read({ name, namedBy: 'task' })).toBeUndefined();
    }
    expect(await secrets.read(apiKey)).toBe('bare');
    const prefixed = source({ ...environment, _FSEC_FLYTE_OPENAI_API_KEY: 'for agents' }).of(tenant);
    expect(await prefixed.read(byTask)).toBe('for agents');
    await write('flyte_openai_api_key', 'for all');
    expect(await source(environment).of(tenant).read(byTask)).toBe('for all');
    await write('projects/sales/production/flyte_openai_api_key', 'of the project');
    expect(await source(environment).of(tenant).read(byTask)).toBe('of the project');
  });

  test('out of a task’s config finds no variable at all where variables for agents have no prefix', async () => {
    const secrets = source({ FLYTE_SECRETS_ENV_PREFIX: '', PATH: '/bin' }).of(tenant);
    expect(await secrets.read({ name: 'PATH', namedBy: 'task' })).toBeUndefined();
    expect(await secrets.read({ name: 'PATH' })).toBe('/bin');
  });
});

describe('OP15: a file that is changed', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));

  test('is read anew within a second, and gone when it is gone', async () => {
    const secrets = source().of(tenant);
    const values = [await read(secrets)];
    for (const value of ['first', 'again']) {
      await write('token', value);
      values.push(await read(secrets));
      later();
      values.push(await read(secrets));
    }
    await rm(join(folder, 'token'));
    later();
    expect([...values, await read(secrets)]).toEqual([undefined, undefined, 'first', 'first', 'again', undefined]);
  });

  test('is read anew when Kubernetes swaps the folder behind its link', async () => {
    await write('..2026_01/token', 'old');
    await write('..2026_02/token', 'new');
    await symlink('..2026_01', join(folder, '..data'));
    await symlink('..data/token', join(folder, 'token'));
    const secrets = source().of(tenant);
    expect(await read(secrets)).toBe('old');
    await symlink('..2026_02', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    later();
    expect(await read(secrets)).toBe('new');
  });

  test('is read once for all who ask together', async () => {
    await write('token', 'first');
    const secrets = source();
    const [one, other] = [read(secrets.of(tenant)), read(secrets.of({ project: 'finance', domain: 'production' }))];
    await write('token', 'again');
    expect(new Set(await Promise.all([one, other, read(secrets.of(tenant))])).size).toBe(1);
    later();
    expect(await read(secrets.of(tenant))).toBe('again');
  });
});

describe('C13: what is there for a tenant and cannot be read is never replaced by what is there for all:', () => {
  const path = 'projects/sales/production/flyte_openai_api_key';

  test.each<[string, string, () => Promise<unknown>]>([
    ['a folder', 'it is not a file', () => mkdir(join(folder, path), { recursive: true })],
    ['an empty file', 'it is empty', () => write(path, ' \n')],
    [
      'a link to itself',
      'ELOOP',
      async () => {
        await mkdir(join(folder, dirname(path)), { recursive: true });
        await symlink(join(folder, path), join(folder, path));
      },
    ],
    ['a file that is no text', 'it is not text in UTF-8', () => write(path, Uint8Array.of(0x30, 0x82, 0xff))],
    ['a file that is too large', 'it has more than 65536 bytes', () => write(path, 'x'.repeat(65_537))],
  ])('%s', async (_what, reason, make) => {
    await make();
    await write('flyte_openai_api_key', 'for all');
    const secrets = source({ FLYTE_OPENAI_API_KEY: 'for all' });
    const fault = {
      code: 'UNAUTHENTICATED',
      passes: false,
      message: `no secret FLYTE_OPENAI_API_KEY: file ${folder}/${path} cannot be read: ${reason}`,
    };
    expect(await rejection(secrets.of(tenant).read(apiKey))).toMatchObject(fault);
    expect(await rejection(secrets.of(tenant).require(apiKey))).toMatchObject(fault);
    expect(await secrets.of({ ...tenant, domain: 'development' }).read(apiKey)).toBe('for all');
  });

  test('a folder on its way that is a file, or a link to nothing, is nothing', async () => {
    await write('projects', 'a file');
    await symlink(join(folder, 'nothing'), join(folder, 'domains'));
    await write('flyte_openai_api_key', 'for all');
    expect(await source().of(tenant).read(apiKey)).toBe('for all');
  });
});

test('C12: a value of a call that is larger than any credential is refused', async () => {
  const secrets = source().of({ ...tenant, connection: connection({ openai_api_key: 'x'.repeat(65_537) }) });
  expect(await rejection(secrets.read(apiKey))).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('65536 bytes') });
});

describe('C13, C16: the tenant in the key of a cache', () => {
  const tenants: readonly Tenant[] = [
    { project: 'a', domain: 'b' },
    { project: 'a', domain: 'c' },
    { project: 'b', domain: 'b' },
    { project: 'a_b', domain: 'c' },
    { project: 'a', domain: 'b_c' },
    { project: 'a","b', domain: '' },
    { project: 'a', domain: 'b', connection: connection({ token: 'secret-one' }) },
    { project: 'a', domain: 'b', connection: connection({ token: 'secret-two' }) },
    { project: 'a', domain: 'b', connection: connection({ other: 'secret-one' }) },
    { project: 'a', domain: 'b', connection: connection({}, { token: 'secret-one' }) },
    { project: 'a', domain: 'b', connection: connection({ token: 'secret-one', more: 'x' }) },
  ];

  test('tells apart projects, domains and what came with the call, and tells no secret', () => {
    const keys = tenants.map((each) => source().of(each).tenant);
    expect(new Set(keys).size).toBe(tenants.length);
    expect(keys.join(' ')).not.toContain('secret');
  });

  test('is the same for the same, in any order, and for a call that brought nothing', () => {
    expect(tenantWith(connection({ a: '1', b: '2' }))).toBe(tenantWith(connection({ b: '2', a: '1' })));
    expect(tenantWith(connection({}))).toBe(tenantWith(undefined));
  });
});

describe('R8: a value that was handed out is hidden', () => {
  test('wherever it came from', async () => {
    await write('of_file', 'handed-out-by-file');
    const secrets = source({ OF_VARIABLE: 'handed-out-by-variable' }).of({
      ...tenant,
      connection: connection({ it: 'handed-out-by-call' }),
    });
    const values = ['handed-out-by-file', 'handed-out-by-variable', 'handed-out-by-call'];
    expect(values.some(holdsSecret)).toBe(false);
    expect(await secrets.read({ name: 'OF_FILE' })).toBe(values[0]);
    expect(await secrets.require({ name: 'OF_VARIABLE' })).toBe(values[1]);
    expect(await secrets.read({ name: 'X', argument: 'it' })).toBe(values[2]);
    expect(values.every(holdsSecret)).toBe(true);
  });

  test('unless it is public', async () => {
    await source({ HOST: 'gateway.example' }).of(tenant).require({ name: 'HOST', isPublic: true });
    expect(holdsSecret('gateway.example')).toBe(false);
  });

  test('and so is what was made of it', () => {
    source().of(tenant).hide('access-token-of-an-hour');
    expect(holdsSecret('Bearer access-token-of-an-hour')).toBe(true);
  });
});
