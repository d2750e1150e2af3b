import { expect, test } from 'vitest';
import { toHost } from './hosts.ts';

test.each([
  ['account.cloud.databricks.com', 'account.cloud.databricks.com'],
  ['https://Account.cloud.databricks.com/', 'account.cloud.databricks.com'],
  ['adb-1.2.azuredatabricks.net', 'adb-1.2.azuredatabricks.net'],
  ['1.2.gcp.databricks.com', '1.2.gcp.databricks.com'],
  ['databricks.acme.example', 'databricks.acme.example'],
  ['team.spark.example', 'team.spark.example'],
])('DB6: tokens are sent to %s', (instance, host) => {
  expect(toHost(instance, { hosts: ['databricks.acme.example', '*.spark.example'] })).toBe(host);
});

test.each([
  'attacker.example',
  'cloud.databricks.com',
  'evilcloud.databricks.com',
  'account.cloud.databricks.com.attacker.example',
  'attacker.example/.cloud.databricks.com',
  'attacker.example#.cloud.databricks.com',
  'attacker.example?.cloud.databricks.com',
  'user@attacker.example',
  'attacker.example\\.cloud.databricks.com',
  'account.cloud.databricks.com@attacker.example',
  'account.cloud.databricks.com:8443',
  'http://account.cloud.databricks.com',
  'localhost',
  '127.0.0.1',
  'spark.example',
  '',
])('DB6: tokens are not sent to %j', (instance) => {
  expect(() => toHost(instance, { hosts: ['*.spark.example'] })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('databricksInstance') }),
  );
});

test("DB6: a task that names no workspace is run in the server's, which may be any", () => {
  expect(toHost(undefined, { instance: 'https://spark.internal.example' })).toBe('spark.internal.example');
  expect(() => toHost(undefined, {})).toThrow('FLYTE_DATABRICKS_INSTANCE');
});
