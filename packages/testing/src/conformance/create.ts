import assert from 'node:assert/strict';
import type { FaultKind } from '../faults.ts';
import { readReference } from '../schedules/reference.ts';
import type { World } from '../world.ts';
import { findsAgain, hasJobs, isPolled, isSensor, type Case } from './case.ts';
import { created, createOn, deleteOn, finish, type Stage, type Subject } from './stage.ts';

/** Creates that come twice, whose answers are lost, or that the service does not take. */
export const createCases: readonly Case[] = [
  {
    title: 'R1, C1: a create that two replicas are sent at once starts one job',
    appliesTo: ({ guarantee }) => guarantee === 'once',
    async run(stage) {
      const verdict = await finish(stage, stage.start({ creates: ['doubled'] }));
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assertOneJob(stage);
      assertSameReferences(verdict.calls);
    },
  },
  {
    title: 'R1, C1, C5: a create that comes again after the restart of the engine finds its job',
    appliesTo: comesAgain,
    async run(stage) {
      const verdict = await finish(stage, stage.start({ creates: ['crashed'] }));
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assertOneJob(stage);
      assertSameReferences(verdict.calls);
    },
  },
  {
    title: 'R1, C5: a create that comes again because the engine ended in the middle of it, twice, finds its job',
    needs: 'time',
    appliesTo: (subject, world) => comesAgain(subject, world) && !isSensor(subject, world),
    async run(stage) {
      const { world, engine } = stage;
      world.latencyMs = () => 100;
      const task = stage.start();
      const requests = (): number => world.calls.submit + world.calls.search;
      await stage.until(() => world.calls.submit > 0, 'a submit is under way');
      for (const before of [0, requests()]) {
        await stage.until(() => requests() > before, 'a create is under way');
        engine.restart();
      }
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(world.taken.length, 1, 'one job');
    },
  },
  {
    title: 'R2, C31: the next attempt cancels the job of an attempt whose answer was lost, and does not adopt it',
    appliesTo: findsAgain,
    run: (stage) => cancelsEarlier(stage, []),
  },
  {
    title: 'R2, C31: the job of an attempt whose answer was lost is cancelled also when the next attempt did not get through',
    needs: 'time',
    appliesTo: findsAgain,
    run: (stage) => cancelsEarlier(stage, ['unavailable']),
  },
  ...(['lost-after', 'stall-after', 'malformed', 'truncated'] as const).map((kind): Case => ({
    title: `R2, C2: a submit whose answer never came (${kind}) is found again`,
    needs: 'time',
    appliesTo: findsAgain,
    async run(stage) {
      stage.world.fault({ kind, operation: 'submit' });
      const verdict = await finish(stage, stage.start());
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(verdict.attempts, 1, 'it costs no retry');
      assert.equal(stage.world.taken.length, 1, 'one job');
    },
  })),
  ...(['lost-before', 'unavailable', 'stall-before'] as const).map((kind): Case => ({
    title: `R2: a submit that the service never took (${kind}) starts one job in the end`,
    needs: 'time',
    appliesTo: findsAgain,
    async run(stage) {
      stage.world.fault({ kind, operation: 'submit' });
      const verdict = await finish(stage, stage.start({ retries: 1 }));
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(stage.world.taken.length, 1, 'one job');
    },
  })),
  {
    title: 'C15: a submit that the service throttled is repeated inside the call, when the service allows it',
    needs: 'time',
    appliesTo: hasJobs,
    async run(stage) {
      stage.world.fault({ kind: 'throttled', operation: 'submit', retryAfterMs: 2000 });
      const task = stage.start();
      await created(stage, task);
      const create = task.calls.find(({ method }) => method === 'CreateTask');
      assert.ok(create !== undefined && create.ms >= 2000, 'it is not repeated sooner than the service allows');
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(verdict.attempts, 1, 'it costs no retry');
    },
  },
  {
    title: 'R4, C10: a refused submit fails the task once and says why, and is no error of the call',
    appliesTo: (_subject, world) => world.agent().kind !== 'sensor',
    async run(stage) {
      stage.world.fault({ kind: 'refused', operation: 'submit', times: Infinity });
      const { phase, message, calls } = await stage.done(stage.start({ retries: 0 }).end);
      assert.equal(phase, 'FAILED');
      assert.notEqual(message, '', 'it says why');
      assert.deepEqual([...new Set(calls.map(({ code }) => code))], ['OK'], 'no call ends with an error');
      assert.equal(stage.world.taken.length, 0, 'no job');
    },
  },
  {
    title: "C3: somebody else's job of the same name is neither adopted nor stopped",
    appliesTo: (subject, world) => hasJobs(subject, world) && world.namesCollide,
    async run(stage) {
      const { world } = stage;
      const first = await createOn(stage, 0);
      const [foreign] = world.jobs;
      assert.ok(foreign !== undefined, 'the service has a job');
      world.disown(foreign.id);
      await stage.replace();
      const second = await createOn(stage, 1);
      assert.notEqual(readReference(second.reference).text, readReference(first.reference).text, 'it is not adopted');
      await deleteOn(stage, first);
      await deleteOn(stage, second);
      assert.equal(foreign.state, 'waiting', 'it goes on');
    },
  },
  {
    title: 'R8, C1: a reference is small JSON',
    appliesTo: isPolled,
    async run(stage) {
      const { reference } = await created(stage, stage.start());
      assert.ok(reference.byteLength <= 8 * 1024, `the reference has ${reference.byteLength} bytes`);
      assert.notEqual(readReference(reference).kind, 'other', Buffer.from(reference).toString());
    },
  },
];

/** The same create gives the same job, if nothing else is under way. */
function comesAgain(subject: Subject, world: World): boolean {
  return (subject.guarantee === 'once' && !hasJobs(subject, world)) || findsAgain(subject, world);
}

/** A sensor starts none. */
function assertOneJob({ subject, world }: Stage): void {
  assert.equal(world.taken.length, isSensor(subject, world) ? 0 : 1, 'one job');
}

async function cancelsEarlier(stage: Stage, faults: readonly FaultKind[]): Promise<void> {
  const { world } = stage;
  world.latencyMs = () => 20;
  const task = stage.start({ creates: ['lost'], retries: 1 + faults.length });
  await stage.until(() => world.taken.length === 1, 'the service has a job');
  for (const kind of faults) world.fault({ kind, operation: 'search', times: Infinity });
  if (faults.length > 0) await stage.until(() => task.calls.some(({ code }) => code === 'UNAVAILABLE'), 'a create did not get through');
  world.heal();
  await stage.until(() => world.taken.length === 2, 'the next attempt has a job');
  const verdict = await finish(stage, task);
  assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
  const [first, second] = world.taken;
  assert.equal(first?.state, 'cancelled', 'the first job is cancelled');
  assert.equal(second?.state, 'succeeded', 'the second one is the task');
}

function assertSameReferences(calls: Awaited<ReturnType<typeof finish>>['calls']): void {
  const references = calls.map(({ reference }) => reference && readReference(reference).text).filter((text) => text !== undefined);
  assert.ok(new Set(references).size <= 1, `one attempt has one reference, not ${references.join(' and ')}`);
}
