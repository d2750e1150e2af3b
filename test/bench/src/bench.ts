import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type ChildOptions } from './child.ts';
import { megabytes, type Figures, type ScenarioFigures } from './figures.ts';
import { Runner, type RunnerOptions, type Side } from './runner.ts';
import { prepareScenarios } from './scenarios.ts';
import { measureStarts, ownServers } from './start.ts';

/** What to measure. */
export interface BenchOptions extends RunnerOptions {
  /** How often every server is started to measure that. */
  readonly starts: number;
  /** Only scenarios whose name contains this text, in any case. */
  readonly scenario?: string | undefined;
  /** Flags for the Node that runs the server, and for the echo's. */
  readonly nodeFlags: readonly string[];
  /** Told what is measured next. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** Measures the built server beside a bare echo. */
export async function runBench(options: BenchOptions): Promise<Figures> {
  const { inFlight, rounds, starts, scenario: wanted = '', nodeFlags, onProgress = () => {} } = options;
  const logFolder = mkdtempSync(join(tmpdir(), 'flyte-agents-bench-'));
  const children: Child[] = [];
  const start = async (name: string, extra?: Omit<ChildOptions, 'logFolder'>): Promise<Side> => {
    const side = await Child.start(name, { ...extra, logFolder });
    children.push(side.child);
    return side;
  };
  try {
    const upstream = await start('upstream');
    const environment = { BENCH_UPSTREAM: `http://${upstream.address}/` };
    const [server, echo, load] = await Promise.all([
      start('serve', { arguments: ['--port', '0'], nodeFlags, environment }),
      start('echo', { nodeFlags }),
      start('load'),
    ]);
    const idleRssMb = { server: megabytes((await server.child.usage()).rssBytes), echo: megabytes((await echo.child.usage()).rssBytes) };
    const runner = new Runner(options, { server, echo, load: load.child });
    const scenarios: ScenarioFigures[] = [];
    for (const scenario of await prepareScenarios(server.address)) {
      if (!scenario.name.toLowerCase().includes(wanted.toLowerCase())) continue;
      onProgress(scenario.name);
      scenarios.push(await runner.run(scenario));
    }
    await Promise.all(children.splice(0).map((child) => child.stop()));
    onProgress('starts');
    const machine = { node: process.version, cores: availableParallelism() };
    return { ...machine, inFlight, rounds, nodeFlags, idleRssMb, scenarios, starts: await measureStarts(ownServers(nodeFlags), starts) };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(logFolder, { recursive: true });
  }
}
