import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.ts';
import { megabytes } from './figures.ts';
import { deadlineMs, loadResult } from './runner.ts';
import { prepareScenarios } from './scenarios.ts';

/** What the load consists of. */
const soaked = ['CreateTask 2.9 KB', 'GetTask RUNNING', 'GetTask SUCCEEDED, dataset', 'ExecuteTaskSync'];

/** How long to soak. */
export interface SoakOptions {
  /** How often the server's memory is looked at. */
  readonly rounds: number;
  /** How many calls of each kind a round makes. */
  readonly calls: number;
  /** Over how many tasks they go round. Default: creates and sync calls are always new tasks, polls are of 10,000 jobs. */
  readonly tasks?: number | undefined;
  readonly inFlight: number;
  readonly nodeFlags: readonly string[];
  /** Told what is done next. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** What the server kept after a round, when everything that can be freed was freed. */
interface SoakRound {
  /** How many calls it had answered since its start. */
  readonly calls: number;
  readonly heapMb: number;
  readonly rssMb: number;
}

/** What load leaves behind in the server. */
export interface SoakFigures {
  readonly rounds: readonly SoakRound[];
  /** By how much the heap grew with each call after the second round; until then, what the server remembers fills. In bytes. */
  readonly keptPerCall: number;
}

/** Puts load on the built server and looks at its memory in between. @throws Error when a call fails */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const { rounds, calls, tasks, inFlight, nodeFlags, onProgress = () => {} } = options;
  const logFolder = mkdtempSync(join(tmpdir(), 'flyte-agents-soak-'));
  const children: Child[] = [];
  try {
    const server = await Child.start('serve', { arguments: ['--port', '0'], nodeFlags: [...nodeFlags, '--expose-gc'], logFolder });
    children.push(server.child);
    const load = await Child.start('load', { logFolder });
    children.push(load.child);
    const scenarios = (await prepareScenarios(server.address)).filter(({ name }) => soaked.includes(name));
    const figures: SoakRound[] = [];
    let made = 0;
    for (let round = 1; round <= rounds; round++) {
      onProgress(`soak, round ${round} of ${rounds}`);
      for (const { name, path, stream, messages, mark, distinct } of scenarios) {
        const task = { path, stream, messages, mark, distinct: tasks ?? distinct };
        const job = { ...task, address: server.address, calls, inFlight, deadlineMs, first: made };
        const { firstError } = loadResult.parse(await load.child.ask(job));
        if (firstError !== undefined) throw new Error(`${name}: ${firstError}`);
        made += calls;
      }
      const { heapBytes, rssBytes } = await server.child.kept();
      figures.push({ calls: made, heapMb: megabytes(heapBytes), rssMb: megabytes(rssBytes) });
    }
    return { rounds: figures, keptPerCall: keptPerCall(figures) };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(logFolder, { recursive: true });
  }
}

function keptPerCall(rounds: readonly SoakRound[]): number {
  const [, first, ...later] = rounds;
  const last = later.at(-1);
  if (first === undefined || last === undefined) return 0;
  return ((last.heapMb - first.heapMb) * 1e6) / (last.calls - first.calls);
}
