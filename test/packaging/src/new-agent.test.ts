import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaultyUpstream } from '@flyte-agents/testing';
import { root } from './workspace.ts';

const run = promisify(execFile);
const page = readFileSync(join(root, 'docs/writing-an-agent.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms)].map(([, language = '', file = '', text = '']) => ({
  language,
  file,
  text,
}));
const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'));

test.each(blocks.filter(({ language }) => language === 'ts'))('the excerpt of $file on the page is in the file', ({ file, text }) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(text);
});

describe('a new agent, made as the page tells, with no edit by hand', () => {
  let place: string;
  let service: FaultyUpstream;
  const outputs = new Map<string, string>();

  beforeAll(async () => {
    service = await FaultyUpstream.start({
      handler: ({ method }) => ({ body: { id: 'j1', state: method === 'POST' ? 'QUEUED' : 'DONE', exitCode: 0 } }),
    });
    place = copyOfTheWorkspace();
    const environment = { ...process.env, ACME_JOBS_URL: service.url, _FSEC_ACME_JOBS_TOKEN: 'secret' };
    for (const command of commands) {
      const { stdout } = await run('bash', ['-c', command], { cwd: place, env: environment, maxBuffer: 64 * 1024 * 1024 });
      outputs.set(command, stdout);
    }
  });
  afterAll(async () => {
    await service.close();
    await rm(place, { recursive: true, force: true });
  });

  test('runs its own tests', () => {
    expect(outputs.get('pnpm vitest run packages/acme-jobs')).toMatch(/Tests.* passed/);
  });

  test('is listed with its task type', () => {
    expect(outputs.get('pnpm flyte-agents list --root packages/acme-jobs')).toMatch(/@flyte-agents\/acme-jobs.*acme_jobs_job/s);
  });

  test('C29: runs a task on the service', () => {
    expect(outputs.get('pnpm flyte-agents run --root packages/acme-jobs packages/acme-jobs/example.yaml -i who=world')).toContain(
      'SUCCEEDED',
    );
    expect(service.requests[0]).toMatchObject({ method: 'POST', path: '/jobs', headers: { authorization: 'Bearer secret' } });
  });

  test.each([
    ['has clean types', 'pnpm run typecheck'],
    ['is clean for the linter', 'pnpm run lint'],
    ['is formatted', 'pnpm run format:check'],
    ['has no unused code', 'pnpm run structure'],
    ['has the structure of every agent', 'pnpm vitest run test/packaging/src/structure.test.ts'],
  ])('%s', async (_name, command) => {
    await expect(run('bash', ['-c', command], { cwd: place, maxBuffer: 64 * 1024 * 1024 })).resolves.toBeDefined();
  });
});

test.each(['', 'Acme', 'acme_jobs', '../acme', 'core'])('refuses "%s" as a name, and says what would do', async (name) => {
  const made = run('node', [join(root, 'packages/template/new-agent.ts'), name]);
  await expect(made).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/is no name for a package|is there already|^$/) });
});

/** What git knows of the tree, and what is installed and generated in it. */
function copyOfTheWorkspace(): string {
  const copy = mkdtempSync(join(tmpdir(), 'flyte-agents-new-agent-'));
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], options).split('\n');
  const there = [...paths, 'proto/src/gen'].filter((path) => path !== '' && existsSync(join(root, path)));
  for (const path of there) cpSync(join(root, path), join(copy, path), { recursive: true });
  execFileSync('git', ['init', '--quiet'], { cwd: copy });
  execFileSync('pnpm', ['install', '--offline', '--frozen-lockfile', '--ignore-scripts'], { cwd: copy, stdio: 'ignore' });
  return copy;
}
