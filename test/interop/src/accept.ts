import { expect, test } from 'vitest';
import { drive } from './propeller.ts';
import type { AttemptReport, DriveReport, RecordedResource } from './report.ts';

/** What an agent is accepted with. */
export interface AcceptanceSubject {
  /** The harness. */
  readonly binary: string;
  /** The agent server, `host:port`. */
  readonly endpoint: string;
  /** A task of the agent's that ends well, as a `flyteidl.core.TaskTemplate` in protobuf JSON. */
  readonly task: object;
  /** A `flyteidl.core.LiteralMap` in protobuf JSON; default: no inputs. */
  readonly inputs?: object;
  /** Flags for every run, such as `--storage`. */
  readonly flags?: readonly string[];
}

/** How an agent is accepted. */
export interface AcceptanceOptions {
  /** Asked by each test, thus after the hooks that start the servers. */
  readonly subject: () => AcceptanceSubject;
  /** The agent is a synchronous one; default: it is not. */
  readonly sync?: boolean;
  /** Texts that must not occur in what the agent answers, such as the values of secrets. */
  readonly forbid?: readonly string[];
}

type Run = (...flags: readonly string[]) => Promise<DriveReport>;

/** The shortest deadline of Propeller's calls, in milliseconds: that of the older plugin. */
const maxCallMs = 3000;
/** The stored reference is kept in etcd, inside the workflow's object. */
const maxMetaBytes = 4096;
const testTimeoutMs = 120_000;
const succeeded = { announced: true, ok: true, failed: [] };
const waiting: readonly unknown[] = ['QUEUED', 'INITIALIZING', 'WAITING_FOR_RESOURCES', 'RUNNING'];
const terminal: readonly unknown[] = ['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED', 'ABORTED'];

/** Registers the tests that every agent passes, through the client that Flyte 1's engine uses. */
export function acceptanceCases({ subject, sync = false, forbid = [] }: AcceptanceOptions): void {
  const run: Run = async (...flags) => {
    const { binary, flags: own = [], ...options } = subject();
    return drive(binary, { ...options, flags: ['--timeout', '90s', ...flags, ...own] });
  };
  let first: Promise<DriveReport> | undefined;
  const firstRun: Run = () => (first ??= run());

  test('its task type is announced once: of two versions Propeller keeps only the last', { timeout: testTimeoutMs }, async () => {
    const { task_type: type, announced_task_types: announced = [] } = await firstRun();
    expect(announced.filter((text) => text.startsWith(`${type}/`))).toHaveLength(1);
  });

  test('a task runs to its success', { timeout: testTimeoutMs }, async () => {
    expect(outcomeOf(await firstRun())).toEqual(succeeded);
  });

  test(`no call takes longer than ${maxCallMs} ms`, { timeout: testTimeoutMs }, async () => {
    const { rpcs = [] } = await firstRun();
    expect(rpcs.filter(({ ms }) => ms > maxCallMs).map(({ method, ms }) => ({ method, ms }))).toEqual([]);
  });

  test('every answer has a phase that Propeller knows', { timeout: testTimeoutMs }, async () => {
    const phases = resourcesOf(await firstRun()).map(({ phase }) => phase);
    expect(phases).not.toEqual([]);
    expect(phases.filter((phase) => !waiting.includes(phase) && !terminal.includes(phase))).toEqual([]);
  });

  test(
    'an agent with log links has them in the first answer of each phase: Propeller publishes no later ones',
    { timeout: testTimeoutMs },
    async () => {
      const resources = resourcesOf(await firstRun());
      const ran = resources.some(({ phase }) => waiting.includes(phase)) && resources.some(({ logLinks }) => logLinks !== undefined);
      const firsts = resources.filter(({ phase }, index) => resources.findIndex((other) => other.phase === phase) === index);
      expect(firsts.filter(({ logLinks }) => ran && logLinks === undefined)).toEqual([]);
    },
  );

  test.for(forbid.map((text, index) => ({ text, number: index + 1 })))(
    'forbidden text $number is in no answer',
    { timeout: testTimeoutMs },
    async ({ text }) => {
      const report = await firstRun();
      const answers = Buffer.from(JSON.stringify([(report.rpcs ?? []).map(({ res, message }) => [res, message]), attemptsOf(report)]));
      const escaped = JSON.stringify(text).slice(1, -1);
      const telling = [answers, ...metasOf(report)].filter((answer) => answer.includes(text) || answer.includes(escaped));
      expect(telling.map(String)).toEqual([]);
    },
  );

  (sync ? syncCases : asyncCases)(run, firstRun);

  test('twenty executions at once run to their success', { timeout: testTimeoutMs }, async () => {
    expect(outcomeOf(await run('--count', '20', '--no-messages'))).toEqual(succeeded);
  });
}

function syncCases(_run: Run, firstRun: Run): void {
  test('every answer is terminal: a synchronous one that is not ends the workers of Propeller', { timeout: testTimeoutMs }, async () => {
    const phases = resourcesOf(await firstRun()).map(({ phase }) => phase);
    expect(phases.filter((phase) => !terminal.includes(phase))).toEqual([]);
  });
}

function asyncCases(run: Run, firstRun: Run): void {
  test(`the stored reference has at most ${maxMetaBytes} bytes`, { timeout: testTimeoutMs }, async () => {
    const sizes = metasOf(await firstRun()).map((meta) => meta.length);
    expect(sizes).not.toEqual([]);
    expect(sizes.filter((size) => size > maxMetaBytes)).toEqual([]);
  });

  test('a re-sent create of the same execution starts no second job', { timeout: testTimeoutMs }, async () => {
    const report = await run('--recreate', '1', '--no-messages');
    expect(attemptsOf(report)).toMatchObject([{ recreate_metas_equal: true }]);
    expect(outcomeOf(report)).toEqual(succeeded);
  });

  test('a task goes on after a restart of Propeller', { timeout: testTimeoutMs }, async () => {
    expect(outcomeOf(await run('--restart-propeller-after', '4', '--no-messages'))).toEqual(succeeded);
  });

  test('a task is aborted right after its create, and a second time', { timeout: testTimeoutMs }, async () => {
    const [attempt] = attemptsOf(await run('--abort-after', '0', '--double-abort', '--no-messages'));
    expect(attempt).toMatchObject({ final_phase: 'Aborted', aborted: true });
    expect(attempt?.abort_errors).toBeUndefined();
  });

  test('three lost polls do no harm', { timeout: testTimeoutMs }, async () => {
    expect(outcomeOf(await run('--fault', 'GetTask:2-4:UNAVAILABLE', '--no-messages'))).toEqual(succeeded);
  });
}

/** Whether all is well, and if not, what Propeller saw of the attempts that did not succeed. */
function outcomeOf(report: DriveReport): object {
  const failed = attemptsOf(report).filter(({ final_phase: phase }) => phase !== 'Success');
  return { announced: report.task_type_announced, ok: report.ok, failed };
}

function attemptsOf({ executions = [] }: DriveReport): AttemptReport[] {
  return executions.flatMap(({ attempts }) => attempts);
}

function resourcesOf({ rpcs = [] }: DriveReport): RecordedResource[] {
  const answers = rpcs.filter(({ method }) => /\/(?:GetTask|ExecuteTaskSync)$/.test(method)).flatMap(({ res = [] }) => res);
  return answers.map(({ resource, header }) => resource ?? header?.resource ?? {});
}

function metasOf(report: DriveReport): Buffer[] {
  const metas = attemptsOf(report).flatMap(({ resource_metas_b64: encoded = [] }) => encoded);
  return metas.map((meta) => Buffer.from(meta, 'base64'));
}
