import { expect, test } from 'vitest';
import { custom, key, toConfig, toTask } from './__fixtures__/task.ts';
import { legacyJobRef } from './config.ts';
import { toNewStatement, toPlace } from './convert.ts';

function legacy(reference: object) {
  const result = legacyJobRef['~standard'].validate(reference);
  return result instanceof Promise ? result : result.issues === undefined ? result.value : result.issues;
}

test.each([
  'password',
  'passcode',
  'token',
  'private_key',
  'private_key_file',
  'private_key_file_pwd',
  'private_key_path',
  'token_file_path',
  'connections_file_path',
  'oauth_client_secret',
  'auth_callback',
  'proxy_host',
])('R8, C12: %s is not taken from a task', (name) => {
  expect(() => toConfig({ ...custom, connection_kwargs: { [name]: 'x' } })).toThrow(`"connection_kwargs","${name}"`);
  expect(toConfig({ ...custom, connection_kwargs: { [name]: null } }).options).toMatchObject({ parameters: {} });
});

test('SF5: role, session parameters, timeout, database, schema and warehouse are those of the task', () => {
  const connection_kwargs = {
    role: 'analyst',
    session_parameters: { TIMEZONE: 'UTC', STATEMENT_TIMEOUT_IN_SECONDS: 60, AUTOCOMMIT: true },
    login_timeout: 30,
    odd: 1,
  };
  const task = toTask({ custom: { ...custom, database: '"Quoted ""db"""', schema: 'public', connection_kwargs }, timeoutMs: 90_500 });
  expect(task.config.options.unread).toEqual(['odd']);
  expect(toNewStatement(task, toPlace(task, {}), key).body).toMatchObject({
    statement: 'SELECT 1',
    database: 'Quoted "db"',
    schema: 'PUBLIC',
    warehouse: 'WH',
    role: 'ANALYST',
    timeout: 91,
    parameters: { TIMEZONE: 'UTC', STATEMENT_TIMEOUT_IN_SECONDS: '60', AUTOCOMMIT: 'true' },
  });
});

test('C19: settings of flytekit stand in the config, and those of custom count before them', () => {
  const config = { user: 'FLYTE', account: 'A-B', database: 'D', schema: 'S', warehouse: 'W' };
  expect(toPlace(toTask({ custom: {}, config }), {})).toEqual({
    ...config,
    role: null,
    authenticator: null,
    origin: null,
    sdk: 'flytekit',
    outputs: {},
  });
  expect(toPlace(toTask({ config }), {})).toMatchObject({ ...custom, sdk: 'flyte-sdk' });
  expect(toPlace(toTask({ custom: { ...custom, schema: null } }), {})).toMatchObject({ schema: 'PUBLIC' });
});

test.each([
  [{ ...custom, user: '' }, 'user'],
  [{ ...custom, batch: 'yes' }, 'batch'],
  [{ ...custom, connection_kwargs: { port: 0 } }, 'port'],
  [{ ...custom, connection_kwargs: { session_parameters: { A: [] } } }, 'session_parameters'],
])('C11: %j is refused with the name of its field', (settings, name) => {
  expect(() => toConfig(settings)).toThrow(name);
});

test.each(['account', 'user', 'database', 'warehouse'])('C11: a task without %s is refused', (name) => {
  const task = toTask({ custom: { ...custom, [name]: null } });
  expect(() => toPlace(task, {})).toThrow(`${name}: is missing`);
});

test.each(['evil.example/path', 'user@evil.example', 'a b'])('R8: host %j is refused', (host) => {
  expect(() => toPlace(toTask({ custom: { ...custom, connection_kwargs: { host } } }), {})).toThrow('connection_kwargs.host');
});

test("R7: references of flytekit's and flyte-sdk's agents are read, without secrets and hosts", () => {
  const names = { account: 'ORG-ACC', user: 'FLYTE', database: 'DB', schema: 'PUBLIC', warehouse: 'WH' };
  const common = { ...names, queryId: '01b2', origin: null, by: 'session' };
  expect(legacy({ ...names, query_id: '01b2', has_output: false })).toEqual({
    ...common,
    role: null,
    authenticator: null,
    sdk: 'flytekit',
    outputs: {},
  });
  const connection_kwargs = { role: 'ANALYST', token: 'secret', host: 'evil.example' };
  expect(legacy({ ...names, query_id: '01b2', has_output: true, connection_kwargs })).toEqual({
    ...common,
    role: 'ANALYST',
    authenticator: null,
    sdk: 'flyte-sdk',
    outputs: { results: 'TABLE' },
  });
});
