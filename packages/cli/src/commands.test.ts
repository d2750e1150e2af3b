import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testAgents, type CountdownAgent } from './__fixtures__/agents.ts';
import { allAgents, startCli } from './__fixtures__/cli.ts';
import { createProgram } from './program.ts';
import { flagOf, settingNames } from './settings.ts';

let folder: string;
let server: AgentServer;
let endpoint: string;
let agent: CountdownAgent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-run-'));
  const { agents, countdown } = testAgents();
  agent = countdown;
  server = await startServer({ agents, logger: createLogger({ level: 'silent' }), host: '127.0.0.1', port: 0, metricsPort: 0 });
  endpoint = `127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(content));
  return path;
}

async function finished(words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const cli = startCli(words);
  return { code: await cli.ended, stdout: cli.stdout(), stderr: cli.stderr() };
}

const typed = {
  interface: { inputs: { variables: { name: { type: { simple: 'STRING' } }, count: { type: { simple: 'INTEGER' } } } } },
};

describe('run', () => {
  test('shows progress on standard error and the outputs in a table', async () => {
    const path = await file('task.json', { type: 'countdown', custom: { polls: 1, end: 'SUCCEEDED', message: 'done' }, ...typed });
    const words = ['run', path, '--endpoint', endpoint, '--poll-interval', '1ms', '-i', 'name=a=b', '-i', 'count=9007199254740993'];
    const { code, stdout, stderr } = await finished(words);
    expect(code).toBe(0);
    expect(stdout.replace(/\d+\.\d s/, '0.0 s').split('\n')).toEqual([
      '✔ SUCCEEDED after 0.0 s: done',
      '',
      'OUTPUT  TYPE     VALUE',
      expect.stringMatching(/^(name    string   a=b|count   integer  9007199254740993)$/),
      expect.stringMatching(/^(name    string   a=b|count   integer  9007199254740993)$/),
      '',
    ]);
    expect(stderr).toMatch(/ QUEUED\n.* RUNNING {7}poll 1\n {2}Console: https:\/\/example\.com\/\w+\n$/);
  });

  test('takes inputs from a file, those of -i winning, and prints JSON that keeps types', async () => {
    const path = await file('task.json', { type: 'echo', ...typed });
    const inputs = await file('inputs.yaml', { name: 'file', count: 1 });
    const { code, stdout } = await finished(['run', path, '--endpoint', endpoint, '--inputs', inputs, '-i', 'name=flag', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      taskType: 'echo',
      phase: 'SUCCEEDED',
      message: '',
      outputs: { name: 'flag', count: { $integer: '1' } },
      links: [],
      customInfo: null,
      attempts: 1,
      elapsedMs: expect.any(Number),
      outputPrefix: expect.stringMatching(/^file:\/\/.*\/n0\/data\/0$/),
    });
  });

  test('ends with 1 and the reason when the task fails', async () => {
    const path = await file('task.json', { type: 'countdown', custom: { polls: 0, end: 'RETRYABLE_FAILED', message: 'evicted' } });
    const { code, stdout } = await finished([
      'run',
      path,
      '--endpoint',
      endpoint,
      '--retries',
      '1',
      '--poll-interval',
      '1ms',
      '--protocol',
      'flyte2',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✖ RETRYABLE_FAILED after \d\.\d s in 2 attempts: evicted\n$/);
  });

  test('cancels the task on Ctrl-C, waits for that and ends with 130', async () => {
    const path = await file('task.json', { type: 'countdown', custom: { polls: 1e9, end: 'SUCCEEDED' } });
    const deleted = agent.deleted.length;
    const cli = startCli(['run', path, '--endpoint', endpoint, '--poll-interval', '10ms']);
    await cli.wrote(/RUNNING/);
    cli.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    expect(cli.stdout()).toMatch(/^✖ ABORTED after .* cancelled\n$/);
    expect(agent.deleted).toHaveLength(deleted + 1);
  });

  test('runs in its own process with the installed agents', async () => {
    const sensor = { sensor_module: 'user_sensors', sensor_name: 'Other' };
    const path = await file('task.json', { type: 'sensor', custom: sensor });
    const { code, stdout, stderr } = await finished(['--root', allAgents, 'run', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✖ FAILED after .* no sensor on this server claims the Python class user_sensors\.Other/);
    expect(stderr).toMatch(/^ +0\.\d s {2}QUEUED\n$/);
  });

  test.each([
    { problem: 'a file that is not there', words: ['no.yaml'], message: /no\.yaml: there is no such file/ },
    { problem: 'a missing input', words: ['task.json'], message: /^input name: missing \(STRING\)/ },
    { problem: 'an unknown input', words: ['task.json', '-i', 'nam=x'], message: /^input nam: the task has no such input/ },
    { problem: 'a wrong input', words: ['task.json', '-i', 'count=x'], message: /^input count: expected INTEGER, got "x"/ },
    { problem: 'an input without a value', words: ['task.json', '-i', 'count'], message: /^--input: expected name=value, got "count"/ },
  ])('refuses $problem as a wrong use', async ({ words: [name = '', ...words], message }) => {
    await file('task.json', { type: 'echo', ...typed });
    const started = createProgram().parseAsync(['run', join(folder, name), '--endpoint', endpoint, ...words], { from: 'user' });
    await expect(started).rejects.toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }));
  });

  test('ends with 2 for a wrong value of a flag', async () => {
    const { code, stderr } = await finished(['run', 'task.json', '--poll-interval', 'fast']);
    expect(stderr).toMatch(/--poll-interval.*expected a duration/);
    expect(code).toBe(2);
  });

  test('ends with 1 when nobody listens at the endpoint', async () => {
    const path = await file('task.json', { type: 'echo' });
    const { code, stderr } = await finished(['run', path, '--endpoint', '127.0.0.1:1']);
    expect(stderr).toContain('error: no agent server answers at 127.0.0.1:1');
    expect(code).toBe(1);
  });
});

describe('list', () => {
  test('shows the installed agents', async () => {
    const { code, stdout } = await finished(['list', '--root', allAgents]);
    expect(stdout).toMatch(
      /^AGENT +PACKAGE +KIND +TASK TYPES\n.*Sensor \(.*File, HTTP\) +\S.*s3-sensor@\S+ +async +sensor, file_sensor$/ms,
    );
    expect(code).toBe(0);
  });

  test('prints the installed agents as JSON', async () => {
    const { stdout } = await finished(['list', '--root', allAgents, '--json']);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ name: expect.stringMatching(/^Sensor \(.*File/), isSync: false, taskTypes: ['sensor', 'file_sensor'] }),
    );
  });

  test.each([
    { protocol: 'flyte1', echo: { name: 'Echo', isSync: true, taskTypes: ['echo'] } },
    { protocol: 'flyte2', echo: { name: 'Echo', isSync: false, taskTypes: ['echo'] } },
  ])('asks a running server over $protocol', async ({ protocol, echo }) => {
    const { stdout } = await finished(['list', '--endpoint', endpoint, '--protocol', protocol, '--json']);
    expect(JSON.parse(stdout)).toEqual([{ name: 'Countdown', isSync: false, taskTypes: ['countdown'] }, echo]);
  });

  test('shows a running server in a table', async () => {
    const { stdout } = await finished(['list', '--endpoint', endpoint]);
    expect(stdout).toBe('AGENT      KIND   TASK TYPES\nCountdown  async  countdown\nEcho       sync   echo\n');
  });

  test('a folder without agents is told what to do', async () => {
    const { code, stderr } = await finished(['list', '--root', folder]);
    expect(stderr).toContain('depends on no agent: install one');
    expect(code).toBe(2);
  });
});

describe('help', () => {
  test('is no failure when it was asked for', async () => {
    const { code, stdout } = await finished(['serve', '--help']);
    expect(stdout).toContain('Usage: flyte-agents serve [options] [agents...]');
    expect(code).toBe(0);
  });

  test('tells every setting, and no line is wider than 100 columns', () => {
    const serve = createProgram().commands.find((command) => command.name() === 'serve');
    const text = serve?.helpInformation() ?? '';
    for (const name of settingNames) expect(text).toMatch(name === 'agents' ? 'agents' : flagOf(name));
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('without a command, help is shown as a failure', async () => {
    const { code, stderr } = await finished([]);
    expect(stderr).toContain('Usage: flyte-agents');
    expect(code).toBe(2);
  });

  test('the version is that of the package', async () => {
    expect((await finished(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe('propeller-config', () => {
  const root = ['--root', join(import.meta.dirname, '../../template')];

  test('prints YAML for the installed agents', async () => {
    const { code, stdout } = await finished(['propeller-config', ...root, '--canary', 'dns:///next:8000', '--canary-types', 'acme_job']);
    expect(code).toBe(0);
    expect(stdout).toContain('      - acme_job: canary\n');
  });

  test.each([
    [['--canary', 'dns:///next:8000'], '--canary and --canary-types: both or none'],
    [['--take', 'spark'], '--take: no agent here serves spark (served: acme_job)'],
    [['--tasks', '0'], '--tasks: 0 is no number from 1 to 500000'],
    [['--resync', '1s'], '--resync: 1s is no duration from 5s to 1h'],
  ])('refuses %j and says why', async (words, message) => {
    const { code, stderr } = await finished(['propeller-config', ...root, ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
