import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema } from '@flyte-agents/proto/flyte1';
import { buildBusybox, installTimeoutMs, startBatch, startPodman, type Podman } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cases, type Stage } from './batch-cases.ts';
import { startMotoBatch } from './batch-moto.ts';
import { BatchStage, type Sent } from './batch-stage.ts';

/** Something like Batch. AWS's clients in this process are led to it. */
interface Place {
  readonly name: string;
  /** @param later what is to be done in the end, the last first */
  readonly start: (later: Later) => Promise<Running>;
  /** Cases that end otherwise there, by their names, and why. When one of them changes, its test fails. */
  readonly differences: Readonly<Record<string, string>>;
}

type Later = (action: () => Promise<unknown>) => void;

interface Running {
  /** What its containers are made of. */
  readonly image: string;
  /** What holds its containers; `undefined` where jobs are mere processes. */
  readonly podman: Podman | undefined;
}

const places: readonly Place[] = [
  {
    name: 'our stand-in',
    start: async (later) => {
      const batch = await startBatch();
      later(() => batch.stop());
      for (const [variable, value] of Object.entries(batch.environment)) vi.stubEnv(variable, value);
      return { image: 'busybox', podman: undefined };
    },
    differences: {
      'AB1, AB7: a task is one container of its image while it runs, and none when it was stopped': 'its jobs are processes',
      'AB2: parameters are put into the command': 'it leaves them as they are',
      'AB4: every state of a job is told': 'a job is RUNNABLE at once',
      'AB5: a job without its image fails': 'it looks at no image',
      'AB9: every job of an array runs': 'an array is one job',
      'AB12: a job waits for the one it depends on': 'no job waits for another',
      'AB12: a job whose dependency failed never runs': 'no job waits for another',
    },
  },
  // It needs podman, and minutes: `pnpm test:containers`.
  ...(process.env['FLYTE_AGENTS_EMULATORS'] === 'all'
    ? [
        {
          name: 'moto, in containers',
          start: startContainers,
          differences: {
            'AB3: it is tried again when the task says so, and one that succeeds then has succeeded': 'it tries nothing again',
            'AB4: a job waits, starts, runs and ends': 'it records the attempt of a job that is RUNNABLE',
            'AB5: the exit code is told': 'only its list of jobs has it',
            'AB5, AB7: a job that was stopped is not tried again': 'it does not say that it was',
            'AB7: a job that is cancelled before it runs ends there': 'it starts the container, and then kills it',
            'AB8, AB14: both are there while it runs': 'it has no log until the end',
            'AB16: a job tells its seconds of CPU and memory, by what it asked for': 'it tells what the definition has',
          },
        },
      ]
    : []),
];

async function startContainers(later: Later): Promise<Running> {
  const podman = await startPodman();
  later(() => podman.stop());
  const image = await buildBusybox(podman);
  const moto = await startMotoBatch(podman);
  later(() => moto.stop());
  return { image, podman };
}

describe.each(places)('the Batch agent on $name', { timeout: 60_000 }, ({ start: startPlace, differences }) => {
  const ends: (() => Promise<unknown>)[] = [];
  let place: Running;
  let servers: readonly BatchStage[] = [];
  let folder: string;
  let runs = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyte-agents-batch-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    place = await startPlace((end) => ends.push(end));
    const options = { stuckAfterMinutes: 0.001 };
    const storeRoots = [pathToFileURL(folder).href];
    servers = [await BatchStage.start(options, storeRoots), await BatchStage.start(options, storeRoots)];
    ends.push(() => Promise.all(servers.map((server) => server.stop())));
  }, installTimeoutMs);
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
    vi.unstubAllEnvs();
  });

  const start: Stage['start'] = async (script, task = {}) => {
    const { custom, environment, parameters = [], image = place.image, of, flyte = 1 } = task;
    const name = of?.name ?? `run${++runs}`;
    const attempt = of === undefined ? 0 : of.attempt + 1;
    const out = join(folder, name);
    await mkdir(out, { recursive: true });
    // Flyte 2 counts the folders of attempts from 1.
    const outputPrefix = `${pathToFileURL(out).href}/${attempt + flyte - 1}`;
    const request = {
      template: {
        id: { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'script', version: 'v1' },
        type: 'aws-batch',
        custom: {
          containerProperties: {
            volumes: [{ name: 'folder', host: { sourcePath: folder } }],
            mountPoints: [{ sourceVolume: 'folder', containerPath: folder, readOnly: false }],
          },
          ...custom,
        },
        container: {
          image,
          args: ['sh', '-c', script, '--output-prefix', `${outputPrefix}/0`, ...parameters],
          env: Object.entries({ ...environment, OUT: out }).map(([key, value]) => ({ key, value })),
          resources: {
            limits: [
              { name: 'CPU', value: '2' },
              { name: 'MEMORY', value: '1Gi' },
            ],
          },
        },
      },
      outputPrefix,
      taskExecutionMetadata: {
        taskExecutionId: {
          nodeExecutionId: { nodeId: 'n0', executionId: { project: 'flytesnacks', domain: 'development', name } },
          retryAttempt: attempt,
        },
      },
    } satisfies JsonObject;
    const send = async (server: BatchStage | undefined): Promise<Sent> => {
      if (server === undefined) throw new Error('no server was started');
      return flyte === 1 ? server.create(fromJson(CreateTaskRequestSchema, request)) : server.createByFlyte2(request);
    };
    return {
      ...(await send(servers[0])),
      name,
      attempt,
      outputPrefix,
      again: () => send(servers[1]),
      read: (file) => readFile(join(out, file), 'utf8').catch(() => ''),
    };
  };

  const containersOf: Stage['containersOf'] = async ({ ref }) => {
    const list = await place.podman?.run(['ps', '--all', '--filter', `name=${ref.name}`, '--format', '{{.Image}}']);
    return list?.split('\n').filter(Boolean) ?? [];
  };

  test.concurrent.each(cases.filter(([name]) => differences[name] === undefined))('%s', async (_name, look, seen) => {
    expect(await look({ start, containersOf, image: place.image })).toMatchObject(seen);
  });

  const other = cases.flatMap(([name, look, seen]) => (differences[name] ? [{ name, look, seen, instead: differences[name] }] : []));
  test.concurrent.fails.each(other)('$name (not there: $instead)', async ({ look, seen }) => {
    expect(await look({ start, containersOf, image: place.image })).toMatchObject(seen);
  });
});
