import type { Guarantee } from '../schedules/guarantee.ts';
import type { Path, TestTask } from '../task.ts';
import { pathsOf, type World } from '../world.ts';
import type { Case } from './case.ts';
import { configCases } from './config.ts';
import { createCases } from './create.ts';
import { damageCases } from './damage.ts';
import { deadlineCases } from './deadline.ts';
import { deleteCases } from './delete.ts';
import { lifeCases } from './life.ts';
import { pollCases } from './poll.ts';
import { secretCases } from './secrets.ts';
import { sensorCases } from './sensor.ts';
import { openSocketStage } from './socket-stage.ts';
import type { InvalidConfig, Subject } from './stage.ts';
import { openVirtualStage } from './virtual-stage.ts';

/** An agent that is to be proved. */
export interface AgentUnderTest {
  /** A fresh service, with nothing in it. */
  readonly world: () => World;
  readonly task: TestTask;
  /** What the agent promises of its jobs. Default: `once`. */
  readonly guarantee?: Guarantee | undefined;
  /** Settings that it must refuse. */
  readonly invalid?: readonly InvalidConfig[] | undefined;
}

/** A case that is ready to run. */
export interface ConformanceCase {
  readonly path: Path;
  /** In virtual time inside this process, or over sockets. */
  readonly place: 'virtual' | 'sockets';
  readonly title: string;
  /** @throws when the agent does not do it */
  readonly run: () => Promise<void>;
}

const cases: readonly Case[] = [
  ...lifeCases,
  ...configCases,
  ...createCases,
  ...pollCases,
  ...deleteCases,
  ...sensorCases,
  ...deadlineCases,
  ...secretCases,
  ...damageCases,
];

/** Everything that is to be proved of an agent, over every path by which the engines reach it. */
export function conformanceCases({ world, task, guarantee = 'once', invalid = [] }: AgentUnderTest): readonly ConformanceCase[] {
  const sample = world();
  return pathsOf(sample).flatMap((path) => {
    const subject: Subject = { world, task, guarantee, invalid, path };
    return cases
      .filter(({ appliesTo }) => appliesTo === undefined || appliesTo(subject, sample))
      .flatMap((each) => places.filter((place) => place !== notFor[each.needs ?? 'both']).map((place) => toCase(each, subject, place)));
  });
}

const places = ['virtual', 'sockets'] as const;
const notFor = { time: 'sockets', sockets: 'virtual', both: undefined } as const;

function toCase({ title, run }: Case, subject: Subject, place: ConformanceCase['place']): ConformanceCase {
  return {
    path: subject.path,
    place,
    title,
    async run() {
      const stage = place === 'virtual' ? openVirtualStage(subject) : await openSocketStage(subject);
      try {
        await run(stage);
      } finally {
        await stage.close();
      }
    },
  };
}
