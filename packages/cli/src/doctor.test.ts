import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCli } from './__fixtures__/cli.ts';
import agents from './__fixtures__/clinic/index.ts';

const canary = 'canary-7be21f9c04';
const clinic = join(import.meta.dirname, '__fixtures__/clinic');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-doctor-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function doctor(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const cli = startCli(['doctor', '--root', clinic, ...words], { CLINIC_TOKEN: canary, FLYTE_SECRETS_DEFAULT_DIR: folder, ...environment });
  return { code: await cli.ended, stdout: cli.stdout(), stderr: cli.stderr() };
}

/** Only the agents that are well. */
const well = ['--task-types', 'healthy,untested,sensor'];

describe('OP10: doctor', () => {
  test('groups what it found by agent, with what to fix below every problem, and shows no secret', async () => {
    const { code, stdout, stderr } = await doctor([
      '--timeout',
      '100ms',
      '--store-roots',
      folder,
      '--project',
      'sales',
      '--domain',
      'production',
    ]);
    expect(stdout.split('\n')).toEqual([
      'Server',
      `  ok      store                ${folder}: may be read and written`,
      '',
      'Healthy  clinic@1.2.3',
      '  ok      secret clinic_token  variable CLINIC_TOKEN',
      '  ok      service              answers',
      '',
      'Untested  clinic@1.2.3',
      '  nothing that can be checked without a task',
      '',
      'Sick  clinic@1.2.3',
      '  problem service              Clinic: 403 Forbidden',
      '                               fix: grant clinic.read to the account',
      '  problem queue                Clinic queue: 503',
      '                               fix: if it does not pass by itself, let this machine reach the',
      '                                    service: address, DNS, proxy, firewall',
      '  warning quota                Clinic: 429 slow down',
      '                               fix: wait: tasks do so too; if it stays, ask for a higher quota',
      '  warning extra                no extra is installed',
      '                               fix: npm install extra to have it',
      '  problem again                for the same reason as service',
      '  problem hanging              no answer within 0.1 s',
      '                               fix: let this machine reach the service (address, DNS, proxy,',
      '                                    firewall), or give the check more time',
      '  problem leaking              unexpected error: Error: 401: wrong token [redacted]',
      '                               fix: this is a defect of the agent: report it, with its version',
      '  ok      boasting             let in with [redacted]',
      '',
      'Broken  clinic@1.2.3',
      '  problem checks               unexpected error: Error: no list of checks',
      '                               fix: this is a defect of the agent: report it, with its version',
      '',
      'Sensor (ward)  clinic@1.2.3',
      '  ok      beds                 seen for sales/production',
      '',
      '6 problems, 2 warnings, 5 fine',
      '',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });

  test('ends with 0 when there are only warnings, and tells what a store is for', async () => {
    const { code, stdout } = await doctor(well);
    expect(stdout).toMatch(
      /^Server\n {2}warning store +none is set: results of Healthy, Untested do not reach[^]*fix: set --store-roots to/,
    );
    expect(stdout).toMatch(/\n1 warning, 3 fine\n$/);
    expect(code).toBe(0);
  });

  test('R8: prints every finding as JSON, without a secret', async () => {
    const { code, stdout } = await doctor(['--json', '--timeout', '0.1']);
    const { isFine, groups }: { isFine: boolean; groups: readonly { name: string }[] } = JSON.parse(stdout);
    expect(isFine).toBe(false);
    const names = agents.map(({ kind, name }) => (kind === 'sensor' ? `Sensor (${name})` : name));
    expect(groups.map(({ name }) => name)).toEqual(['Server', ...names]);
    const healthy = { outcome: 'ok', fix: null, elapsedMs: expect.any(Number) };
    expect(groups[1]).toEqual({
      name: 'Healthy',
      package: 'clinic@1.2.3',
      findings: [
        { ...healthy, name: 'secret clinic_token', message: 'variable CLINIC_TOKEN' },
        { ...healthy, name: 'service', message: 'answers' },
      ],
    });
    expect(groups[3]).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ name: 'again', message: 'Clinic: 403 Forbidden' })]),
    });
    expect(stdout).not.toContain(canary);
    expect(code).toBe(1);
  });

  test('C12: finds a secret where a call of the project and domain would', async () => {
    const { stdout } = await doctor(['--json', ...well], { CLINIC_TOKEN: '' });
    expect(stdout).toContain(`file ${folder}/clinic_token, in this order`);
    await writeFile(join(folder, 'clinic_token'), canary);
    expect((await doctor(well, { CLINIC_TOKEN: '' })).stdout).toContain(`secret clinic_token  file ${folder}/clinic_token\n`);
  });

  test('writes to the store only when it is told to, and leaves nothing', async () => {
    const words = [...well, '--store-roots', folder];
    expect((await doctor(words)).stdout).toContain('may be read and written');
    expect((await doctor([...words, '--write'])).stdout).toContain('was written and read');
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes the settings of serve from file, variables and flags', async () => {
    const config = join(folder, 'config.yaml');
    await writeFile(
      config,
      `taskTypes: [healthy]\nport: 8001\nstoreRoots: [${folder}/nowhere]\ntlsCert: ${folder}/tls.crt\ntlsKey: ${folder}/tls.key\n`,
    );
    const { code, stdout } = await doctor(['--config', config, '--metrics-port', '9091'], {
      FLYTE_AGENTS_STORE_ROOTS: `${folder}/elsewhere`,
    });
    expect(stdout).toMatch(/problem certificate +\S+tls\.crt cannot be read: ENOENT/);
    expect(stdout).toMatch(/problem store +file \S+elsewhere\/: ENOENT\n +fix: create the folder, or correct the path/);
    expect(stdout).not.toContain('Untested');
    expect(code).toBe(1);
  });

  test.each([
    { problem: 'no duration', words: ['--timeout', '0'], message: /--timeout: expected a duration above zero/ },
    { problem: 'a task type that nobody serves', words: ['--task-types', 'spark'], message: /no installed agent serves task type spark/ },
    { problem: 'half of TLS', words: ['--tls-key', '/x'], message: /TLS needs both --tls-cert and --tls-key/ },
    { problem: 'a host that is none', words: ['--allow-hosts', 'https://x/y'], message: /allowHosts/ },
    { problem: 'an agent that is not installed', words: ['@acme/none'], message: /@acme\/none is not installed/ },
    { problem: 'an unknown flag', words: ['--fix'], message: /unknown option '--fix'/ },
  ])('ends with 2 for $problem', async ({ words, message }) => {
    const { code, stdout, stderr } = await doctor(words);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('help tells what is checked, with examples', async () => {
    const { code, stdout } = await doctor(['--help']);
    expect(stdout).toMatch(/--write +write a small object[^]*Ends with 0[^]*Examples:\n {2}flyte-agents doctor\n/);
    expect(stdout).not.toContain('--metrics-port');
    expect(code).toBe(0);
  });
});
