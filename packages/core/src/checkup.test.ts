import { expect, test, vi } from 'vitest';
import { checksOf, Checkup, type CheckupOptions } from './checkup.ts';
import { secretCheck, type Check } from './check.ts';
import { AgentError, type ErrorCode } from './errors.ts';
import { SecretSource } from './secrets.ts';

const canary = 'canary-5e1f0c7d9b';

function checkup(options: Partial<CheckupOptions> = {}): Checkup {
  const secrets = new SecretSource({ ACME_TOKEN: canary }, { files: false });
  return new Checkup({ project: 'sales', domain: 'production', limitMs: 1000, secrets, ...options });
}

function check(run: Check['run'], changes: Partial<Check> = {}): Check {
  return { name: 'service', run, ...changes };
}

function failing(code: ErrorCode, message: string): Check {
  return check(async () => {
    throw new AgentError({ code, message });
  });
}

test('OP10: a check that finds nothing wrong says what it found', async () => {
  expect(await checkup().run(check(async () => 'answers'))).toEqual({
    name: 'service',
    outcome: 'ok',
    message: 'answers',
    elapsedMs: expect.any(Number),
  });
});

test('OP10: a check is given what a call of the project and domain would be', async () => {
  const run = vi.fn<Check['run']>(async () => '');
  const before = Date.now();
  await checkup().run(check(run));
  const [context] = run.mock.calls[0] ?? [];
  expect(context).toMatchObject({ project: 'sales', domain: 'production', connection: undefined });
  expect(context?.deadline).toBeGreaterThanOrEqual(before + 1000);
  expect(context?.secrets.tenant).toContain('sales');
  await expect(context?.store.stat('s3://bucket/x', context.signal)).rejects.toThrow('storeRoots');
});

test.each<[string, Check, string, string | undefined]>([
  [
    'a hint at the end',
    failing('PERMISSION_DENIED', 'no access to sales (grant jobs.run (or more))'),
    'no access to sales',
    'grant jobs.run (or more)',
  ],
  ['the name of an error at the end', failing('NOT_FOUND', 'no bucket (NoSuchBucket)'), 'no bucket (NoSuchBucket)', undefined],
  ['no hint', failing('UNAVAILABLE', 'Acme: 503'), 'Acme: 503', expect.stringContaining('let this machine reach the service')],
  [
    'a defect',
    check(async () => Promise.reject(new TypeError('x is no function'))),
    'unexpected error: TypeError: x is no function',
    expect.stringContaining('defect of the agent'),
  ],
  // Not everything that is thrown is an error.
  ['a text', check(async () => Promise.reject<string>('odd')), 'unexpected error: odd', expect.stringContaining('defect')],
  ['lines and control characters', failing('NOT_FOUND', 'one\n  two\u001B[31m\u0007'), 'one two [31m', undefined],
])('OP10: %s is told as what is wrong and what to do', async (_name, wrong, message, fix) => {
  expect(await checkup().run(wrong)).toEqual({ name: 'service', outcome: 'problem', message, fix, elapsedMs: expect.any(Number) });
});

test('OP10: what a check throws before it first waits is a problem like any other', async () => {
  const sudden = check(() => {
    throw new AgentError({ code: 'NOT_FOUND', message: 'no such warehouse' });
  });
  expect(await checkup().run(sudden)).toMatchObject({ outcome: 'problem', message: 'no such warehouse' });
});

test('OP10: what tasks can do without, or what passes when they wait, is a warning', async () => {
  const missing = failing('UNAUTHENTICATED', 'no secret');
  expect(await checkup().run(missing)).toMatchObject({ outcome: 'problem' });
  expect(await checkup().run({ ...missing, isOptional: true })).toMatchObject({ outcome: 'warning', message: 'no secret' });
  expect(await checkup().run(failing('RESOURCE_EXHAUSTED', '429'))).toMatchObject({ outcome: 'warning', message: '429' });
});

test('OP10: a check that does not end is ended, and told that its time is over', async () => {
  let signal: AbortSignal | undefined;
  const stuck = check((context) => {
    ({ signal } = context);
    return new Promise(() => {});
  });
  expect(await checkup({ limitMs: 20 }).run(stuck)).toMatchObject({
    outcome: 'problem',
    message: 'no answer within 0.02 s',
    fix: expect.stringContaining('give the check more time'),
  });
  expect(signal?.aborted).toBe(true);
});

test('OP10: a list of checks that cannot be made is a problem', async () => {
  const agent = {
    checks: (): never => {
      throw new Error('no list');
    },
  };
  const findings = await Promise.all(checksOf(agent).map((each) => checkup().run(each)));
  expect(findings).toMatchObject([{ name: 'checks', outcome: 'problem', message: 'unexpected error: Error: no list' }]);
});

test('R8, OP10: a secret is told by its place and shown nowhere', async () => {
  expect(await checkup().run(secretCheck({ name: 'acme_token' }))).toMatchObject({
    name: 'secret acme_token',
    outcome: 'ok',
    message: 'variable ACME_TOKEN',
  });
  const told = check(async ({ secrets }) => `found ${await secrets.require({ name: 'acme_token' })}`);
  expect((await checkup().run(told)).message).toBe('found [redacted]');
  const thrown = check(async ({ secrets }) => {
    throw new Error(`refused (with the token ${await secrets.require({ name: 'acme_token' })} here)`);
  });
  expect(JSON.stringify(await checkup().run(thrown))).not.toContain(canary);
});

test('OP10: a secret that is missing is told with the places to put it', async () => {
  expect(await checkup().run(secretCheck({ name: 'other' }))).toMatchObject({
    outcome: 'problem',
    message: 'no secret other: looked for variable _FSEC_OTHER, variable OTHER, in this order',
    fix: 'set one of them where the server runs',
  });
});
