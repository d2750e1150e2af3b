import { Metrics, type LiteralMap } from '@flyte-agents/core';
import { VirtualClock } from '../clock.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { RecordingLogger } from '../recording-logger.ts';
import { Replica, replicaEndpoint } from '../replica.ts';
import type { Stage, Subject } from './stage.ts';

const resyncMs = 30_000;
/** The longest that a case waits for something, in milliseconds of virtual time. */
const patienceMs = 3 * 3_600_000;

/** A stage inside this process, in virtual time. */
export function openVirtualStage(subject: Subject): Stage {
  const clock = VirtualClock.install();
  const world = subject.world();
  const logger = new RecordingLogger();
  const metrics = new Metrics();
  const outputs = new Map<string, LiteralMap>();
  const replicas = [1, 2].map(fresh);
  const endpoints = replicas.map((_replica, index) => replicaEndpoint(() => at(index), subject.path === 'flyte2'));
  const engine = new FakeEngine({
    path: subject.path,
    endpoints,
    resyncMs,
    readOutputs: async (outputPrefix) => outputs.get(outputPrefix),
  });
  return {
    subject,
    world,
    engine,
    endpoints,
    logger,
    start: ({ task = subject.task, ...options } = {}) => engine.start(task, options),
    async until(isSo, what) {
      await clock.until(isSo, patienceMs).catch((error: unknown) => {
        throw new Error(`it never came to this: ${what}`, { cause: error });
      });
    },
    rounds: (count) => clock.advance(count * resyncMs),
    done: (work) => clock.run(work, patienceMs),
    async replace() {
      for (const index of replicas.keys()) {
        at(index).kill();
        replicas[index] = fresh();
      }
    },
    metrics: () => metrics.text(),
    async close() {
      engine.close();
      await clock.settle();
      clock.uninstall();
    },
  };

  function fresh(): Replica {
    return new Replica({
      world,
      logger,
      metrics,
      writeOutputs: async (outputPrefix, values) => void outputs.set(outputPrefix, new Map(Object.entries(values))),
    });
  }

  function at(index: number): Replica {
    const replica = replicas[index];
    if (replica === undefined) throw new TypeError(`there is no replica ${index}`);
    return replica;
  }
}
