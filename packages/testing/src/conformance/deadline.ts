import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { EngineCall } from '../engine/calls.ts';
import { CallError, type Endpoint } from '../engine/endpoint.ts';
import { TaskRequests } from '../task.ts';
import { isPolled, type Case } from './case.ts';
import { ask, createOn, isOneCall, type Stage } from './stage.ts';

/** How long before its deadline a call must have ended, in milliseconds, or a tenth of the deadline if that is less. */
const slackMs = 200;
const slack = `${slackMs} ms, or a tenth,`;
const deadlines = [1000, 3000, 5000, 10_000];
/** What the service does not answer; `undefined`: nothing at all. */
const silences = [undefined, 'submit', 'read', 'search', 'cancel'] as const;

/** Calls while the service does not answer. */
export const deadlineCases: readonly Case[] = [
  {
    title: `R5: with a service that never answers, every call ends ${slack} before its deadline`,
    needs: 'time',
    run: (stage) => endInTime(stage, false),
  },
  {
    title: `R5: with an SDK that ignores its signal too, every call ends ${slack} before its deadline`,
    needs: 'time',
    run: (stage) => endInTime(stage, true),
  },
  {
    title: 'R5: a read that nobody waits for any more is ended through its signal',
    needs: 'time',
    appliesTo: isPolled,
    async run(stage) {
      const { world } = stage;
      const stored = await createOn(stage, 0);
      world.chaos = () => ({ kind: 'stall-before' });
      await ask(stage, stored);
      // Whatever goes on without a caller, goes on no longer than a submit may.
      await stage.rounds(3);
      assert.equal(world.waiting('read') + world.waiting('search'), 0, 'no read is still waiting: pass the signal to every read');
    },
  },
];

/** A call of the engine to a replica. */
interface Asked {
  readonly method: EngineCall['method'];
  readonly send: (endpoint: Endpoint, options: { readonly timeoutMs: number }) => Promise<unknown> | undefined;
}

async function endInTime(stage: Stage, ignoresSignals: boolean): Promise<void> {
  const { world } = stage;
  let silent = 0;
  for (const timeoutMs of deadlines)
    for (const operation of silences)
      for (const asked of await everyCall(stage, `f${timeoutMs}${operation ?? ''}`)) {
        // A fresh replica: none that learned already that the service is down.
        await stage.replace();
        world.chaos = (requested) => {
          if (operation !== undefined && operation !== requested) return undefined;
          silent++;
          return { kind: 'stall-before' };
        };
        world.ignoresSignals = ignoresSignals;
        await inTime(stage, asked, timeoutMs);
        world.heal();
      }
  assert.ok(silent > 0, 'the service was asked');
}

/** A call of every kind, for tasks of an execution: of first and of later attempts, with a job and with one that is yet to be found. */
async function everyCall(stage: Stage, execution: string): Promise<readonly Asked[]> {
  const { world, subject } = stage;
  const requests = new TaskRequests(subject.task, subject.path);
  const attempt = { execution, node: 'n0', number: 0 };
  if (isOneCall(subject))
    return [{ method: 'ExecuteTaskSync', send: (endpoint, options) => endpoint.execute?.(requests, attempt, options) }];
  const job = await createOn(stage, 0, `${execution}job`);
  world.fault({ kind: 'stall-after', operation: 'submit' });
  const pending = await createOn(stage, 1, `${execution}pending`);
  world.heal();
  return [
    ...[0, 1].map((number): Asked => ({
      method: 'CreateTask',
      send: (endpoint, options) => endpoint.create(requests, { ...attempt, number }, options),
    })),
    ...[job, pending].flatMap((stored): Asked[] => [
      { method: 'GetTask', send: (endpoint, options) => endpoint.get(stored, options) },
      { method: 'DeleteTask', send: (endpoint, options) => endpoint.delete(stored, options) },
    ]),
  ];
}

async function inTime(stage: Stage, { method, send }: Asked, timeoutMs: number): Promise<void> {
  const [endpoint] = stage.endpoints;
  assert.ok(endpoint !== undefined);
  const began = Date.now();
  const call = send(endpoint, { timeoutMs });
  assert.ok(call !== undefined, `there is no ${method} on this path`);
  const error = await stage.done(call.then(() => undefined).catch((reason: unknown) => reason));
  const ms = Date.now() - began;
  assert.ok(ms <= timeoutMs - Math.min(slackMs, timeoutMs / 10), `${method} with ${timeoutMs} ms ended after ${ms} ms`);
  if (error === undefined) return;
  assert.ok(
    error instanceof CallError && error.code === 'UNAVAILABLE' && method !== 'GetTask',
    `${method} must be answered or be UNAVAILABLE, not ${inspect(error)}`,
  );
}
