import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentObject } from '@flyte-agents/cli';
import { expect } from 'vitest';
import type { Answer, Sent } from './batch-stage.ts';

/** A place where jobs run, and our servers that put them there. */
export interface Stage {
  /** Runs a script of a shell as a task, which finds a folder of its own in `$OUT`. */
  readonly start: (script: string, task?: Task) => Promise<Started>;
  /** The images of a task's containers. */
  readonly containersOf: (task: Started) => Promise<readonly string[]>;
  /** The image of tasks that name none. */
  readonly image: string;
}

/** What a task has besides its script. */
interface Task {
  readonly custom?: DocumentObject;
  readonly environment?: Readonly<Record<string, string>>;
  /** More of the command line. */
  readonly parameters?: readonly string[];
  readonly image?: string;
  /** Another attempt of this task. */
  readonly of?: Started;
  /** The service by which it is sent; default Flyte 1's. */
  readonly flyte?: 1 | 2;
}

/** A task that runs a script. */
interface Started extends Sent {
  /** Its execution. */
  readonly name: string;
  readonly attempt: number;
  /** Where the engine reads its outputs. */
  readonly outputPrefix: string;
  /** Sends it to our other server. */
  readonly again: () => Promise<Sent>;
  /** What its script wrote to a file; empty when there is none. */
  readonly read: (file: string) => Promise<string>;
}

/** Something that must be so wherever the agent's jobs run: what is looked at, and what is seen, as `toMatchObject` has it. */
export type Case = readonly [name: string, look: (stage: Stage) => Promise<object>, seen: object];

const longestMs = 40_000;
const terminal = ['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED'];
const order = ['WAITING_FOR_RESOURCES', 'INITIALIZING', 'RUNNING', ...terminal];
const isOver = ({ phase }: Answer): boolean => terminal.includes(phase);
const isAt =
  (state: string) =>
  ({ message }: Answer): boolean =>
    message.endsWith(`: ${state}`);
/** Works until it is killed, or for a minute. */
const beating = 'for i in $(seq 600); do echo x >> $OUT/beats; sleep 0.1; done';

/** Polls a task until it is over, or as far as is asked. @param seen gets every answer */
async function reached({ get }: Sent, until = isOver, seen: Answer[] = []): Promise<Answer> {
  const end = Date.now() + longestMs;
  for (;;) {
    const answer = await get();
    seen.push(answer);
    if (until(answer)) return answer;
    if (Date.now() > end) throw new Error(`After ${longestMs} ms the job is ${answer.phase}: ${answer.message}`);
    await sleep(50);
  }
}

/** What is said one after another, each once. */
function changes(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}

/** Whether a script that beats did so, and does no more. */
async function hasStopped({ read }: Started): Promise<boolean> {
  const before = await read('beats');
  await sleep(500);
  return before !== '' && (await read('beats')) === before;
}

async function lines({ read }: Started, file: string): Promise<number> {
  return (await read(file)).split('\n').length - 1;
}

const containers: readonly Case[] = [
  [
    'AB2, AB6: a container has its command and its variables, and writes its outputs where they are read',
    async ({ start }) => {
      const task = await start('echo "$0 $1 $FOO $FLYTE_FAIL_ON_ERROR $FLYTE_INTERNAL_EXECUTION_ID $AWS_BATCH_JOB_ID" > $OUT/told', {
        environment: { FOO: 'bar' },
      });
      const { phase } = await reached(task);
      return {
        phase,
        told: (await task.read('told')) === `--output-prefix ${task.outputPrefix} bar true ${task.name} ${task.ref.jobId}\n`,
      };
    },
    { phase: 'SUCCEEDED', told: true },
  ],
  [
    'AB2: parameters are put into the command',
    async ({ start }) => {
      const task = await start('echo "$2" > $OUT/told', { parameters: ['Ref::codec'], custom: { parameters: { codec: 'mp4' } } });
      await reached(task);
      return { told: await task.read('told') };
    },
    { told: 'mp4\n' },
  ],
  [
    'AB3: a container that fails is not tried again by Batch: that is for Flyte',
    async ({ start }) => {
      const task = await start('echo x >> $OUT/ran; exit 1');
      const { phase } = await reached(task);
      return { phase, ran: await lines(task, 'ran') };
    },
    { phase: 'RETRYABLE_FAILED', ran: 1 },
  ],
  [
    'AB3: it is tried again when the task says so, and one that succeeds then has succeeded',
    async ({ start }) => {
      const task = await start('echo x >> $OUT/ran; test $(wc -l < $OUT/ran) = 2', { custom: { retryStrategy: { attempts: 3 } } });
      const { phase, customInfo } = await reached(task);
      return { phase, ran: await lines(task, 'ran'), attempts: customInfo['attempts'] };
    },
    { phase: 'SUCCEEDED', ran: 2, attempts: 2 },
  ],
  [
    'AB5: the exit code is told',
    async ({ start }) => reached(await start('exit 3')),
    { phase: 'RETRYABLE_FAILED', message: expect.stringContaining('exit(3)') },
  ],
  [
    'AB5: a job without its image fails',
    async ({ start }) => reached(await start('true', { image: 'localhost/nowhere' })),
    { phase: expect.stringMatching(/FAILED$/) },
  ],
  [
    'AB6: a failure is told in the words of error.pb',
    async ({ start }) => {
      // flyteidl.core.ErrorDocument{error{code, message}}, which nobody may try again.
      const document = String.raw`\012\017\012\004USER\022\007no rows`;
      return reached(await start(`mkdir -p \${1#file://}; printf '${document}' > \${1#file://}/error.pb; exit 1`));
    },
    { phase: 'FAILED', message: expect.stringContaining('[USER] no rows') },
  ],
  [
    'AB9: every job of an array runs',
    async ({ start }) => {
      const task = await start('echo x >> $OUT/ran', { custom: { arrayProperties: { size: 3 } } });
      const { phase, customInfo } = await reached(task);
      return { phase, customInfo, ran: await lines(task, 'ran') };
    },
    { phase: 'SUCCEEDED', customInfo: { arraySize: 3, arrayJobs: { SUCCEEDED: 3 } }, ran: 3 },
  ],
  [
    'AB7, AB9: a delete stops every job of an array',
    async ({ start }) => {
      const task = await start(beating, { custom: { arrayProperties: { size: 2 } } });
      await expect.poll(() => lines(task, 'beats'), { timeout: longestMs }).toBeGreaterThan(20);
      await task.delete();
      await sleep(2000);
      return { stopped: await hasStopped(task) };
    },
    { stopped: true },
  ],
  [
    'AB12: a job waits for the one it depends on',
    async ({ start }) => {
      const first = await start('sleep 2; echo first > $OUT/ran');
      const folder = new URL('..', `${first.outputPrefix}/`).pathname;
      const second = await start(`cat ${folder}/ran > $OUT/saw`, { custom: { dependsOn: [{ jobId: first.ref.jobId }] } });
      const { phase } = await reached(second);
      return { phase, saw: await second.read('saw') };
    },
    { phase: 'SUCCEEDED', saw: 'first\n' },
  ],
  [
    'AB12: a job whose dependency failed never runs',
    async ({ start }) => {
      const first = await start('exit 1');
      const second = await start('echo x > $OUT/ran', { custom: { dependsOn: [{ jobId: first.ref.jobId }] } });
      const { phase } = await reached(second);
      return { phase, ran: await second.read('ran') };
    },
    { phase: expect.stringMatching(/FAILED$/), ran: '' },
  ],
];

const states: readonly Case[] = [
  [
    'AB4: every state of a job is told',
    async ({ start }) => {
      const seen: Answer[] = [];
      await reached(await start('sleep 1'), isOver, seen);
      return changes(seen.map(({ message }) => /: (\w+)/.exec(message)?.[1] ?? message));
    },
    ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED'],
  ],
  [
    'AB4: a job waits, starts, runs and ends',
    async ({ start }) => {
      const seen: Answer[] = [];
      await reached(await start('sleep 1'), isOver, seen);
      return changes(seen.map(({ phase }) => phase));
    },
    ['WAITING_FOR_RESOURCES', 'INITIALIZING', 'RUNNING', 'SUCCEEDED'],
  ],
  [
    'AB4, R10: phases only go forward',
    async ({ start }) => {
      const seen: Answer[] = [];
      await reached(await start('sleep 1'), isOver, seen);
      const ranks = seen.map(({ phase }) => order.indexOf(phase));
      return { first: seen[0]?.phase, last: seen.at(-1)?.phase, forward: ranks.every((rank, index) => rank >= (ranks[index - 1] ?? 0)) };
    },
    { first: 'WAITING_FOR_RESOURCES', last: 'SUCCEEDED', forward: true },
  ],
  [
    'AB15: a job that stays RUNNABLE tells what its queue says',
    async ({ start }) => reached(await start('true'), ({ message }) => message.includes(': RUNNABLE; ')),
    { message: expect.stringMatching(/: RUNNABLE; stuck: .*compute environment/) },
  ],
  [
    'AB16: a job tells how long it ran',
    async ({ start }) => {
      const { customInfo } = await reached(await start('sleep 1'));
      return { aSecond: Number(customInfo['seconds']) >= 1 };
    },
    { aSecond: true },
  ],
  [
    'AB16: a job tells its seconds of CPU and memory, by what it asked for',
    async ({ start }) => {
      const { customInfo } = await reached(await start('sleep 1'));
      const [seconds, cpu, memory] = ['seconds', 'vcpuSeconds', 'memoryGibSeconds'].map((name) => Number(customInfo[name]));
      return { cpus: (cpu ?? 0) / (seconds ?? 0), gibibytes: (memory ?? 0) / (seconds ?? 0) };
    },
    { cpus: 2, gibibytes: 1 },
  ],
];

const ends: readonly Case[] = [
  [
    'R1, AB1: the same create at another server starts no second container',
    async ({ start }) => {
      const task = await start('echo x >> $OUT/ran; sleep 1');
      const again = await task.again();
      await Promise.all([reached(task), reached(again)]);
      return { same: again.ref.jobId === task.ref.jobId, ran: await lines(task, 'ran') };
    },
    { same: true, ran: 1 },
  ],
  [
    'R1, AB1: nor does it when the job is over',
    async ({ start }) => {
      const task = await start('echo x >> $OUT/ran');
      await reached(task);
      const again = await task.again();
      return { ...(await reached(again)), same: again.ref.jobId === task.ref.jobId, ran: await lines(task, 'ran') };
    },
    { phase: 'SUCCEEDED', same: true, ran: 1 },
  ],
  [
    'R2: the next attempt stops the job of the one before, and has one of its own',
    async ({ start }) => {
      const first = await start(beating);
      await expect.poll(() => first.read('beats'), { timeout: longestMs }).not.toBe('');
      const second = await start('echo $FLYTE_ATTEMPT_NUMBER > $OUT/attempt', { of: first });
      const [{ phase }] = await Promise.all([reached(second), reached(first)]);
      return { phase, attempt: await second.read('attempt'), stopped: await hasStopped(first) };
    },
    { phase: 'SUCCEEDED', attempt: '1\n', stopped: true },
  ],
  [
    'AB7: a container that runs is stopped, however often it is asked for',
    async ({ start }) => {
      const task = await start(beating);
      await expect.poll(() => task.read('beats'), { timeout: longestMs }).not.toBe('');
      await task.delete();
      await task.delete();
      const { message } = await reached(task);
      await task.delete();
      return { message, stopped: await hasStopped(task) };
    },
    { message: expect.stringContaining('The task was ended by Flyte'), stopped: true },
  ],
  [
    'AB1, AB7: a task is one container of its image while it runs, and none when it was stopped',
    async ({ start, containersOf, image }) => {
      const task = await start(beating);
      await expect.poll(() => task.read('beats'), { timeout: longestMs }).not.toBe('');
      await task.again();
      const running = await containersOf(task);
      await task.delete();
      await reached(task);
      await expect.poll(() => containersOf(task), { timeout: 5000 }).toEqual([]);
      return { running: running.map((container) => container === image) };
    },
    { running: [true] },
  ],
  [
    'AB5, AB7: a job that was stopped is not tried again',
    async ({ start }) => {
      const task = await start('sleep 60');
      await reached(task, isAt('RUNNING'));
      await task.delete();
      return reached(task);
    },
    { phase: 'FAILED', message: expect.stringContaining('terminated: The task was ended by Flyte') },
  ],
  [
    'AB7: of a job that is cancelled before it runs nothing is left',
    async ({ start }) => {
      const task = await start('sleep 2; echo x > $OUT/ran');
      await task.delete();
      const { message } = await reached(task);
      await sleep(2500);
      return { message, ran: await task.read('ran') };
    },
    { message: expect.stringContaining('The task was ended by Flyte'), ran: '' },
  ],
  [
    'AB7: a job that is cancelled before it runs ends there',
    async ({ start }) => {
      const task = await start('true');
      await task.delete();
      const seen: Answer[] = [];
      await reached(task, isOver, seen);
      return { ran: seen.some(({ message }) => /: RUNNING\b/.test(message)) };
    },
    { ran: false },
  ],
];

const logs: readonly Case[] = [
  [
    'AB14, C23: the log has what the container wrote, to its end',
    async ({ start }) => {
      const task = await start('echo wrong >&2; seq 40');
      await reached(task);
      const log = await task.log();
      return { err: log.filter((line) => line === 'wrong\n'), out: log.filter((line) => line !== 'wrong\n') };
    },
    { err: ['wrong\n'], out: Array.from({ length: 40 }, (_, index) => `${index + 1}\n`) },
  ],
  [
    'AB8: a job that is over has links to its page and its log',
    async ({ start }) => reached(await start('true')),
    {
      logLinks: [
        { name: 'AWS Batch Job', uri: expect.stringContaining('#jobs/detail/') },
        { name: 'AWS Batch #0-0', uri: expect.stringContaining('log-group/$252Faws$252Fbatch$252Fjob/log-events/') },
      ],
    },
  ],
  [
    'AB8, AB14: both are there while it runs',
    async ({ start }) => {
      const task = await start('echo first; sleep 3');
      const { logLinks } = await reached(task, isAt('RUNNING'));
      await sleep(500);
      const log = await task.log();
      await task.delete();
      return { logLinks, log };
    },
    { logLinks: [{ name: 'AWS Batch Job' }, { name: 'AWS Batch #0-0' }], log: ['first\n'] },
  ],
  [
    'R6, C6: through the service of Flyte 2 a job runs, and has its log',
    async ({ start }) => {
      const task = await start('echo "$1" > $OUT/told; echo hello', { flyte: 2 });
      const { phase } = await reached(task);
      return { phase, told: (await task.read('told')) === `${task.outputPrefix}\n`, log: await task.log() };
    },
    { phase: 'SUCCEEDED', told: true, log: ['hello\n'] },
  ],
  [
    'R6, AB7: through the service of Flyte 2 a job is stopped',
    async ({ start }) => {
      const task = await start(beating, { flyte: 2 });
      await expect.poll(() => task.read('beats'), { timeout: longestMs }).not.toBe('');
      await task.delete();
      await reached(task);
      return { stopped: await hasStopped(task) };
    },
    { stopped: true },
  ],
];

/** Every case. */
export const cases: readonly Case[] = [...containers, ...states, ...ends, ...logs];
