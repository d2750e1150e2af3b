import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, built } from './child.ts';
import { median, type PythonFigures, type StartFigures } from './figures.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';
import { deadlineMs, loadResult } from './runner.ts';
import { prepareScenarios } from './scenarios.ts';
import { freePort, startServed, type Served, type ServedOptions } from './served.ts';
import { measureStarts, ownServers, type Startable } from './start.ts';

/** How much to measure. */
export interface PythonOptions {
  /** How often each server is started. */
  readonly starts: number;
  /** How often the polls are repeated, on each server in turn. */
  readonly rounds: number;
  /** How many polls a round makes. */
  readonly calls: number;
  readonly inFlight: number;
  readonly nodeFlags: readonly string[];
  /** Told what is measured next. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

interface Round {
  readonly perSecond: number;
  readonly cpuMsPer1000: number;
}

/** A bare reference, which a Python server and ours both take. */
const scenarioName = "GetTask, a Python agent's reference";
const modules = join(import.meta.dirname, '../python');

/** flytekit's server beside ours: starts with BigQuery's agent and with all of ours, and polls of an agent that does nothing. */
export async function runPython({
  starts,
  rounds,
  calls,
  inFlight,
  nodeFlags,
  onProgress = () => {},
}: PythonOptions): Promise<PythonFigures> {
  // Installs flytekit the first time; nothing else of the bench needs it.
  const { pythonTool } = await import('@flyte-agents/test-upstreams');
  const python = await pythonTool('flytekit-server', join(modules, 'flytekit-server.txt'));
  const environment = { PYTHONPATH: modules };
  const serve = async (module: string): Promise<{ words: readonly string[]; options: ServedOptions }> => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const flags = ['--port', String(port), '--prometheus_port', String(metricsPort), '--modules', module];
    const words = ['-m', 'flytekit.clis.sdk_in_container.pyflyte', 'serve', 'connector', ...flags];
    return { words, options: { program: python, environment, port } };
  };
  onProgress('starts');
  const bigquery = await serve('flytekitplugins.bigquery');
  const flytekit: Startable = { name: 'flytekit, BigQuery', needs: '.', arguments: bigquery.words, ...bigquery.options };
  const startFigures: readonly StartFigures[] = await measureStarts([...ownServers(nodeFlags), flytekit], starts);

  onProgress('polls');
  const logFolder = mkdtempSync(join(tmpdir(), 'flyte-agents-python-'));
  const { child: load } = await Child.start('load', { logFolder });
  const own = await startServed([...nodeFlags, join(built, 'serve.js'), '--port', '0']);
  try {
    const dummy = await serve('bench_agent');
    const theirs = await startServed(dummy.words, dummy.options);
    try {
      const scenario = (await prepareScenarios(own.address)).find(({ name }) => name === scenarioName);
      if (scenario === undefined) throw new Error(`there is no scenario ${scenarioName}`);
      const { path, stream, messages, mark, distinct, check } = scenario;
      const round = async ({ process: { pid }, address }: Served, first: number): Promise<Round> => {
        const before = cpuMsOf(pid) ?? 0;
        const job = { path, stream, messages: [...messages], mark, distinct, address, first, calls, inFlight, deadlineMs };
        const { firstError, answer, elapsedMs } = loadResult.parse(await load.ask(job));
        if (firstError !== undefined) throw new Error(`${scenarioName}: ${firstError}`);
        check(answer);
        return { perSecond: (calls / elapsedMs) * 1000, cpuMsPer1000: (((cpuMsOf(pid) ?? 0) - before) / calls) * 1000 };
      };
      const sides = [
        { name: 'ours', server: own },
        { name: 'flytekit', server: theirs },
      ];
      const measured = sides.map((side): { name: string; server: Served; rounds: Round[] } => ({ ...side, rounds: [] }));
      // The first round of each compiles and fills; it does not count.
      for (const side of sides) await round(side.server, 0);
      for (let number = 1; number <= rounds; number++) {
        for (const side of measured) side.rounds.push(await round(side.server, number * calls));
      }
      const polls = measured.map(({ name, server, rounds: figures }) => ({
        name,
        requestsPerSecond: median(figures.map(({ perSecond }) => perSecond)),
        cpuMsPer1000: median(figures.map(({ cpuMsPer1000 }) => cpuMsPer1000)),
        rssMb: memoryOf(server.process.pid)?.rssMb,
      }));
      return { starts: startFigures, polls };
    } finally {
      await theirs.stop();
    }
  } finally {
    await own.stop();
    await load.stop();
    rmSync(logFolder, { recursive: true });
  }
}
