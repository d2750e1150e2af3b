import { expect, test } from 'vitest';
import { toAccount, toConsoleUrl, toIssuer, toOrigin } from './account.ts';

const path = '#/compute/history/queries/01b2/detail';

test.each([
  ['FZFPPDI-FNB02854', `https://app.snowflake.com/FZFPPDI/FNB02854/${path}`],
  ['my_org-my_acct', `https://app.snowflake.com/my_org/my_acct/${path}`],
  ['xy12345', `https://app.snowflake.com/xy12345/${path}`],
  ['xy12345.eu-central-1', `https://app.snowflake.com/eu-central-1/xy12345/${path}`],
  ['xy12345.us-east-2.aws', `https://app.snowflake.com/us-east-2.aws/xy12345/${path}`],
  ['MYORG-ACC.privatelink', `https://app-myorg-acc.privatelink.snowflakecomputing.com/MYORG/ACC/${path}`],
  ['xy12345.us-east-1.privatelink', `https://app.us-east-1.privatelink.snowflakecomputing.com/us-east-1/xy12345/${path}`],
])('SF10: the link to a query of account %s', (account, uri) => {
  expect(toConsoleUrl(account, '01b2')).toBe(uri);
});

test.each([
  ['ORG-ACC', 'https://org-acc.snowflakecomputing.com', 'ORG-ACC'],
  ['my_org-my_acct', 'https://my-org-my-acct.snowflakecomputing.com', 'MY_ORG-MY_ACCT'],
  ['xy12345.us-east-2.aws', 'https://xy12345.us-east-2.aws.snowflakecomputing.com', 'XY12345'],
  ['org-acc.privatelink', 'https://org-acc.privatelink.snowflakecomputing.com', 'ORG-ACC'],
  ['org-acc.snowflakecomputing.com', 'https://org-acc.snowflakecomputing.com', 'ORG-ACC'],
])('SF5: account %s is at %s and signs as %s', (account, origin, issuer) => {
  expect(toOrigin({ account, origin: null }, {})).toBe(origin);
  expect(toIssuer(account)).toBe(issuer);
});

test.each(['evil.example/', 'a..b', 'user@evil', '', 'a b'])('SF5: %j is no account', (account) => {
  expect(() => toAccount(account)).toThrow('account');
});

test.each([
  'https://evil.example',
  'https://evilsnowflakecomputing.com',
  'https://snowflakecomputing.com.evil.example',
  'http://org-acc.snowflakecomputing.com',
  'https://org-acc.snowflakecomputing.com:8443',
])('R8: no credentials go to %s', (origin) => {
  expect(() => toOrigin({ account: 'ORG-ACC', origin }, {})).toThrow('no credentials are sent there');
});

test('SF5: hosts that the operator lists are reached, and one URL may stand for all accounts', () => {
  const hosts = ['proxy.example:8443'];
  expect(toOrigin({ account: 'a', origin: 'https://proxy.example:8443' }, { hosts })).toBe('https://proxy.example:8443');
  expect(() => toOrigin({ account: 'a', origin: 'https://proxy.example' }, { hosts })).toThrow('FLYTE_SNOWFLAKE_HOSTS');
  expect(toOrigin({ account: 'a', origin: 'https://evil.example' }, { url: 'http://127.0.0.1:1234/' })).toBe('http://127.0.0.1:1234');
});
