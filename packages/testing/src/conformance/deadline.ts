import assert from 'node:assert/strict';
import type { EngineCall } from '../engine/calls.ts';
import { CallError } from '../engine/endpoint.ts';
import { TaskRequests } from '../task.ts';
import { isPolled, type Case } from './case.ts';
import { isOneCall, type Stage } from './stage.ts';

/** How long before its deadline a call must have ended, in milliseconds. */
const slackMs = 200;
const deadlines = [3000, 5000, 10_000];

/** Calls while the service does not answer at all. */
export const deadlineCases: readonly Case[] = [
  {
    title: `R5: with a service that never answers, every call ends ${slackMs} ms before its deadline`,
    needs: 'time',
    async run(stage) {
      const { world, subject, endpoints } = stage;
      const [endpoint, other] = endpoints;
      assert.ok(endpoint !== undefined && other !== undefined);
      const requests = new TaskRequests(subject.task, subject.path);
      const attempt = { execution: 'fstall', node: 'n0', number: 0 };
      const stored = { taskType: subject.task.type, outputPrefix: requests.outputPrefix(attempt) };
      const stall = (): void => void (world.chaos = () => ({ kind: 'stall-before' }));
      for (const [index, timeoutMs] of deadlines.entries()) {
        const next = { ...attempt, execution: `fstall${index}` };
        stall();
        if (isOneCall(subject)) await inTime(stage, 'ExecuteTaskSync', timeoutMs, endpoint.execute?.(requests, next, { timeoutMs }));
        else await inTime(stage, 'CreateTask', timeoutMs, endpoint.create(requests, next, { timeoutMs }));
        world.heal();
        if (isOneCall(subject)) continue;
        const reference = await stage.done(endpoint.create(requests, { ...attempt, execution: `fjob${index}` }, { timeoutMs }));
        stall();
        await inTime(stage, 'GetTask', timeoutMs, other.get({ ...stored, reference }, { timeoutMs }));
        await inTime(stage, 'DeleteTask', timeoutMs, other.delete({ ...stored, reference }, { timeoutMs }));
        world.heal();
      }
    },
  },
  {
    title: 'R5: a read that nobody waits for any more is ended through its signal',
    needs: 'time',
    appliesTo: isPolled,
    async run(stage) {
      const { world, subject, endpoints } = stage;
      const [endpoint] = endpoints;
      assert.ok(endpoint !== undefined);
      const requests = new TaskRequests(subject.task, subject.path);
      const attempt = { execution: 'fread', node: 'n0', number: 0 };
      const reference = await stage.done(endpoint.create(requests, attempt, { timeoutMs: 10_000 }));
      world.chaos = () => ({ kind: 'stall-before' });
      const stored = { taskType: subject.task.type, reference, outputPrefix: requests.outputPrefix(attempt) };
      await stage.done(endpoint.get(stored, { timeoutMs: 10_000 }));
      // Whatever goes on without a caller, goes on no longer than a submit may.
      await stage.rounds(3);
      assert.equal(world.waiting('read') + world.waiting('search'), 0, 'no read is still waiting: pass the signal to every read');
    },
  },
];

async function inTime(stage: Stage, method: EngineCall['method'], timeoutMs: number, call: Promise<unknown> | undefined): Promise<void> {
  assert.ok(call !== undefined, `there is no ${method} on this path`);
  const began = Date.now();
  const error = await stage.done(call.then(() => undefined).catch((reason: unknown) => reason));
  const ms = Date.now() - began;
  assert.ok(ms <= timeoutMs - slackMs, `${method} with ${timeoutMs} ms ended after ${ms} ms`);
  if (error === undefined) return;
  assert.ok(
    error instanceof CallError && error.code === 'UNAVAILABLE' && method !== 'GetTask',
    `${method} must be answered or be UNAVAILABLE`,
  );
}
