import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flagOf, readSettings, settingNames, settings, variableOf, type SettingName, type Settings } from './settings.ts';

/** A text for every setting, what it means, how a config file has it, and a text that means nothing. */
const samples: { readonly [Name in SettingName]: { text: string; config: unknown; value: Settings[Name]; wrong?: string } } = {
  agents: { text: 's3-sensor,bigquery', config: ['s3-sensor', 'bigquery'], value: ['s3-sensor', 'bigquery'] },
  root: { text: '/app', config: '/app', value: '/app' },
  host: { text: '127.0.0.1', config: '127.0.0.1', value: '127.0.0.1' },
  port: { text: '8001', config: 8001, value: 8001, wrong: '65536' },
  metricsPort: { text: '0', config: 0, value: 0, wrong: '-1' },
  tlsCert: { text: '/tls/tls.crt', config: '/tls/tls.crt', value: '/tls/tls.crt' },
  tlsKey: { text: '/tls/tls.key', config: '/tls/tls.key', value: '/tls/tls.key' },
  tlsClientCa: { text: '/tls/ca.crt', config: '/tls/ca.crt', value: '/tls/ca.crt' },
  taskTypes: { text: 'sensor, file_sensor', config: ['sensor', 'file_sensor'], value: ['sensor', 'file_sensor'] },
  sensors: {
    text: '[{"module":"users","name":"Mine","use":"http","config":{"url":"https://example.com"}}]',
    config: [{ module: 'users', name: 'Mine', use: 'http', config: { url: 'https://example.com' } }],
    value: [{ module: 'users', name: 'Mine', use: 'http', config: { url: 'https://example.com' } }],
    wrong: 'users.Mine',
  },
  storeRoots: { text: '/data, /more', config: ['/data', '/more'], value: ['/data', '/more'] },
  allowHosts: { text: '*.example.com,10.0.0.0/8', config: ['*.example.com', '10.0.0.0/8'], value: ['*.example.com', '10.0.0.0/8'] },
  denyHosts: { text: '*', config: '*', value: ['*'] },
  allowPorts: { text: '443, 8443', config: [443, '8443'], value: [443, 8443], wrong: '80,0' },
  httpsOnly: { text: 'true', config: true, value: true, wrong: 'perhaps' },
  reflection: { text: 'true', config: true, value: true, wrong: 'perhaps' },
  maxRequestBytes: { text: '1024', config: 1024, value: 1024, wrong: '0' },
  drain: { text: '1m30s', config: 90, value: 90_000, wrong: 'soon' },
  instance: { text: 'east', config: 'east', value: 'east' },
  unreachableAfter: { text: '2h', config: '2h', value: 7_200_000, wrong: '-2h' },
  logLevel: { text: 'debug', config: 'debug', value: 'debug', wrong: 'loud' },
};
const named = settingNames.map((name) => ({ name, ...samples[name] }));
const wrong = named.flatMap((sample) => (sample.wrong === undefined ? [] : [{ ...sample, wrong: sample.wrong }]));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-settings-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function configFile(content: string): Promise<string> {
  const path = join(folder, 'config.yaml');
  await writeFile(path, content);
  return path;
}

describe('every setting', () => {
  test.each(named)('$name has a default', async ({ name }) => {
    expect(await readSettings({ flags: {}, environment: {} })).toHaveProperty([name], settings[name].fallback);
  });

  test.each(named)('$name is read from a flag', async ({ name, text, value }) => {
    expect(await readSettings({ flags: { [name]: text }, environment: {} })).toHaveProperty([name], value);
  });

  test.each(named)('$name is read from its variable', async ({ name, text, value }) => {
    expect(await readSettings({ flags: {}, environment: { [variableOf(name)]: text } })).toHaveProperty([name], value);
  });

  test.each(named)('$name is read from the config file', async ({ name, config, value }) => {
    const path = await configFile(JSON.stringify({ [name]: config }));
    expect(await readSettings({ flags: { config: path }, environment: {} })).toHaveProperty([name], value);
  });

  test.each(named)('$name: a flag wins over a variable, a variable over the config file', async ({ name, text, value }) => {
    const path = await configFile(JSON.stringify({ [name]: settings[name].fallback }));
    const environment = { [variableOf(name)]: text, FLYTE_AGENTS_CONFIG: path };
    expect(await readSettings({ flags: {}, environment })).toHaveProperty([name], value);
    const isEmptyList = Array.isArray(settings[name].fallback) && settings[name].fallback.length === 0;
    const other = name === 'sensors' ? [{ module: 'm', name: 'N', use: 'file' }] : ['other'];
    const fallback: unknown = isEmptyList ? other : settings[name].fallback;
    const flag =
      typeof fallback === 'number' ? String(name === 'drain' || name === 'unreachableAfter' ? fallback / 1000 : fallback) : fallback;
    expect(await readSettings({ flags: { [name]: flag }, environment })).toHaveProperty([name], fallback);
  });

  test.each(wrong)('$name refuses a wrong value and names where it came from', async ({ name, wrong: text }) => {
    const { expected } = settings[name];
    const path = await configFile(JSON.stringify({ [name]: text }));
    await expect(readSettings({ flags: { [name]: text }, environment: {} })).rejects.toThrow(
      `${flagOf(name)}: expected ${expected}, got "${text}"`,
    );
    await expect(readSettings({ flags: {}, environment: { [variableOf(name)]: text } })).rejects.toThrow(`${variableOf(name)}: expected`);
    await expect(readSettings({ flags: { config: path }, environment: {} })).rejects.toThrow(`${path}: ${name}: expected ${expected}`);
  });
});

test('flags and variables are derived from the names', () => {
  expect([flagOf('metricsPort'), variableOf('metricsPort')]).toEqual(['--metrics-port', 'FLYTE_AGENTS_METRICS_PORT']);
});

test('an empty variable is as good as none', async () => {
  expect(await readSettings({ flags: {}, environment: { FLYTE_AGENTS_PORT: '' } })).toHaveProperty('port', 8000);
});

test('the port that Kubernetes tells of a service called flyte-agents is not a setting', async () => {
  const environment = { FLYTE_AGENTS_PORT: 'tcp://10.96.0.7:8000', FLYTE_AGENTS_METRICS_PORT: 'tcp://10.96.0.8:9090' };
  expect(await readSettings({ flags: {}, environment })).toMatchObject({ port: 8000, metricsPort: 9090 });
});

test('no agents on the command line leave the word to the variable', async () => {
  expect(await readSettings({ flags: { agents: [] }, environment: { FLYTE_AGENTS_AGENTS: 'bigquery' } })).toHaveProperty('agents', [
    'bigquery',
  ]);
});

test('a wrong value is refused also where a stronger one is given', async () => {
  await expect(readSettings({ flags: { port: '1' }, environment: { FLYTE_AGENTS_PORT: 'x' } })).rejects.toThrow('FLYTE_AGENTS_PORT');
});

describe('the config file', () => {
  test('may be empty', async () => {
    expect(await readSettings({ flags: { config: await configFile('# nothing yet\n') }, environment: {} })).toHaveProperty('port', 8000);
  });

  test.each([
    { problem: 'a key that is no setting', content: 'prot: 8001', message: /config\.yaml: prot: no such setting \(there are .*port/ },
    { problem: 'a list', content: '- port', message: /expected settings by name, got \["port"\]/ },
    { problem: 'no YAML', content: 'port: [', message: /config\.yaml: / },
    { problem: 'a number beyond all ports', content: 'port: 99999999999999999999', message: /port: expected a port.*got "9+"/ },
  ])('with $problem is refused by name', async ({ content, message }) => {
    await expect(readSettings({ flags: { config: await configFile(content) }, environment: {} })).rejects.toThrow(message);
  });

  test('that is not there is refused by name', async () => {
    await expect(readSettings({ flags: {}, environment: { FLYTE_AGENTS_CONFIG: '/no/such.yaml' } })).rejects.toThrow(
      '/no/such.yaml: there is no such file',
    );
  });
});
