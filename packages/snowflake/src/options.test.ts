import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('an operator sets options in the environment', () => {
  const variables = {
    FLYTE_SNOWFLAKE_URL: 'http://127.0.0.1:8000',
    FLYTE_SNOWFLAKE_HOSTS: 'proxy.example:8443, other.example',
    FLYTE_SNOWFLAKE_AUTHENTICATOR: 'OAUTH',
    FLYTE_SNOWFLAKE_OAUTH_TOKEN_URL: 'https://login.example/token',
    FLYTE_SNOWFLAKE_LOOKUP_WAREHOUSE: 'LOOKUPS',
  };
  expect(fromEnvironment(variables)).toEqual({
    url: 'http://127.0.0.1:8000',
    hosts: ['proxy.example:8443', 'other.example'],
    authenticator: 'OAUTH',
    oauthTokenUrl: 'https://login.example/token',
    lookupWarehouse: 'LOOKUPS',
  });
  expect(Object.values(fromEnvironment({})).filter((option) => option !== undefined)).toEqual([]);
});

test.each(['FLYTE_SNOWFLAKE_URL', 'FLYTE_SNOWFLAKE_OAUTH_TOKEN_URL'])('%s that is no URL of http is refused with its name', (name) => {
  expect(() => fromEnvironment({ [name]: 'file:///etc/passwd' })).toThrow(name);
});
