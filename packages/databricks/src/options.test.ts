import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('an operator sets the options in the environment', () => {
  const variables = {
    FLYTE_DATABRICKS_INSTANCE: ' acme.cloud.databricks.com ',
    FLYTE_DATABRICKS_HOSTS: 'a.example, *.b.example',
    FLYTE_DATABRICKS_SPARK: 'true',
    FLYTE_DATABRICKS_TAGS: 'false',
    FLYTE_DATABRICKS_ENTRYPOINT_GIT_URL: 'https://git.acme.example/x',
    FLYTE_DATABRICKS_AUTH_TYPE: 'oauth_m2m',
    FLYTE_DATABRICKS_OAUTH_SECRET_NAME: 'team',
    FLYTE_DATABRICKS_OIDC_TOKEN_FOLDERS: '/mnt/a /mnt/b',
    DATABRICKS_CLIENT_ID: 'id',
    AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
    AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:2579',
    ARM_CLIENT_ID: 'identity',
  };
  expect(fromEnvironment(variables)).toMatchObject({
    instance: 'acme.cloud.databricks.com',
    hosts: ['a.example', '*.b.example'],
    spark: true,
    tags: false,
    entrypoint: { gitUrl: 'https://git.acme.example/x' },
    authType: 'oauth_m2m',
    oauthSecret: 'team',
    oidcTokenFolders: ['/mnt/a', '/mnt/b'],
    clientId: 'id',
    azureAuthority: 'https://login.microsoftonline.us/',
    azureMetadata: 'http://127.0.0.1:2579',
    azureClientId: 'identity',
  });
});

test('a variable that cannot be read is named', () => {
  expect(() => fromEnvironment({ FLYTE_DATABRICKS_AUTH_TYPE: 'password' })).toThrow('FLYTE_DATABRICKS_AUTH_TYPE');
});
