import { createHash, createPublicKey, verify } from 'node:crypto';
import { Checkup, SecretSource } from '@flyte-agents/core';
import { SnowflakeAgent } from './agent.ts';
import { expect, test } from 'vitest';
import { keys, privateKey } from './__fixtures__/keys.ts';
import { readCredentials, signToken, toAuthenticator } from './credentials.ts';

const der = keys.privateKey.export({ type: 'pkcs8', format: 'der' });
const cipher = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
const encryptedPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
const encryptedDer = keys.privateKey.export({ type: 'pkcs8', format: 'der', ...cipher });
const pkcs1 = keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const user = { account: 'org-acc', user: 'flyte', authenticator: 'SNOWFLAKE_JWT' as const };

test.each([
  ['PEM', privateKey, undefined],
  ['PEM of PKCS#1', pkcs1, undefined],
  ['PEM on one line', privateKey.replaceAll('\n', '\\n'), undefined],
  ['base64 of PEM', Buffer.from(privateKey).toString('base64'), undefined],
  ['base64 of DER', der.toString('base64'), undefined],
  ['encrypted PEM', encryptedPem, 'open sesame'],
  ['base64 of encrypted DER', encryptedDer.toString('base64'), 'open sesame'],
])('SF3: a key in %s signs', (_form, key, passphrase) => {
  const { value, goodUntil } = signToken({ ...user, privateKey: key, passphrase });
  const [head = '', body = '', signature = ''] = value.split('.');
  expect(verify('sha256', Buffer.from(`${head}.${body}`), keys.publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  const claims: { iat: number; exp: number } = JSON.parse(Buffer.from(body, 'base64url').toString());
  const publicKey = createPublicKey(keys.privateKey).export({ type: 'spki', format: 'der' });
  const fingerprint = createHash('sha256').update(publicKey).digest('base64');
  expect(claims).toMatchObject({ iss: `ORG-ACC.FLYTE.SHA256:${fingerprint}`, sub: 'ORG-ACC.FLYTE' });
  expect(claims.exp - claims.iat).toBeLessThanOrEqual(3600);
  expect(Math.abs(goodUntil / 1000 - claims.exp)).toBeLessThan(2);
});

test.each([
  ['no key', 'nonsense', undefined],
  ['a wrong passphrase', encryptedPem, 'open barley'],
  ['no passphrase', encryptedPem, undefined],
])('SF3, R8: %s is said without the key', (_what, key, passphrase) => {
  const sign = () => signToken({ ...user, privateKey: key, passphrase });
  expect(sign).toThrow('snowflake_private_key');
  expect(sign).toThrow(
    expect.objectContaining({ code: 'UNAUTHENTICATED', message: expect.not.stringContaining(key.slice(30, 60) || key) }),
  );
});

test.each([
  [{ SNOWFLAKE_PRIVATE_KEY: 'key-of-flyte' }, 'SNOWFLAKE_JWT', { privateKey: 'key-of-flyte' }],
  [
    { SNOWFLAKE_PRIVATE_KEY: 'key-of-flyte', SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: 'passphrase-1' },
    null,
    { privateKey: 'key-of-flyte', passphrase: 'passphrase-1' },
  ],
  [{ SNOWFLAKE_TOKEN: 'token-of-flyte' }, 'programmatic_access_token', { token: 'token-of-flyte' }],
  [{ SNOWFLAKE_TOKEN: 'token-of-flyte' }, 'oauth', { token: 'token-of-flyte' }],
  [{ SNOWFLAKE_TOKEN: 'token-of-flyte' }, 'WORKLOAD_IDENTITY', { token: 'token-of-flyte' }],
  [
    { SNOWFLAKE_OAUTH_CLIENT_ID: 'id', SNOWFLAKE_OAUTH_CLIENT_SECRET: 'client-secret-1' },
    'OAUTH_CLIENT_CREDENTIALS',
    { clientId: 'id', clientSecret: 'client-secret-1' },
  ],
  [
    { SNOWFLAKE_OAUTH_CLIENT_ID: 'id', SNOWFLAKE_OAUTH_REFRESH_TOKEN: 'refresh-token-1' },
    'OAUTH',
    { clientId: 'id', refreshToken: 'refresh-token-1' },
  ],
])('SF12: the secrets %j serve authenticator %s', async (variables, authenticator, expected) => {
  const secrets = new SecretSource(variables, { files: false }).of({ project: 'p', domain: 'd' });
  expect(await readCredentials({ ...user, authenticator }, secrets)).toMatchObject(expected);
});

test('C12: of Flyte 2 the secrets come with the call', async () => {
  const connection = { secrets: { snowflake_private_key: 'key-of-flyte', snowflake_private_key_passphrase: 'passphrase-1' }, configs: {} };
  const secrets = new SecretSource({}, { files: false }).of({ project: 'p', domain: 'd', connection });
  expect(await readCredentials({ ...user, authenticator: null }, secrets)).toMatchObject({
    privateKey: 'key-of-flyte',
    passphrase: 'passphrase-1',
  });
});

test('SF12: a missing secret is named with the places that were looked at', async () => {
  const secrets = new SecretSource({}, { files: false }).of({ project: 'p', domain: 'd' });
  await expect(readCredentials({ ...user, authenticator: null }, secrets)).rejects.toThrow(/snowflake_private_key.*SNOWFLAKE_PRIVATE_KEY/);
});

test.each(['snowflake', 'externalbrowser', 'https://okta.example', 'username_password_mfa'])(
  'SF12: authenticator %s is refused',
  (name) => {
    expect(() => toAuthenticator(name)).toThrow('authenticator: expected one of');
  },
);

test.each([
  [{ SNOWFLAKE_PRIVATE_KEY: privateKey }, {}, { outcome: 'ok', message: 'the secrets for SNOWFLAKE_JWT are there, and the key signs' }],
  [{ SNOWFLAKE_TOKEN: 'token-of-flyte' }, { authenticator: 'OAUTH' }, { outcome: 'ok', message: 'the secrets for OAUTH are there' }],
  [{ SNOWFLAKE_PRIVATE_KEY: 'nonsense' }, {}, { outcome: 'warning', message: expect.stringContaining('snowflake_private_key') }],
  [{}, {}, { outcome: 'warning', message: expect.stringContaining('no secret snowflake_private_key') }],
])('OP10: the doctor looks at the default credentials', async (variables, options, finding) => {
  const checkup = new Checkup({ project: '', domain: '', limitMs: 1000, secrets: new SecretSource(variables, { files: false }) });
  const [check] = new SnowflakeAgent(options).checks();
  expect(check && (await checkup.run(check))).toMatchObject(finding);
});
