/** `pnpm bench`: what a call costs. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { runPython } from './python.ts';
import { runSoak } from './soak.ts';
import { toPythonTable, toSoakTable, toTable, toWatchedTable } from './table.ts';
import { runWatched } from './watched.ts';

/** Those of `flyte-agents`: half the memory under load. */
const defaultFlags = ['--max-semi-space-size=4', '--heap-growing-percent=50'];

const help = `Measures the built server beside a bare gRPC echo, in turn.

Usage: pnpm bench [--soak | --watched | --python] [--quick] [--json FILE] [--scenario TEXT]

  --soak            looks at what long load leaves behind in the server's memory, instead of what a call costs
  --watched         watches 10,000 jobs of six services with one server that has every agent
  --python          compares with flytekit's server, which is installed the first time
  --quick           few calls: shows that it works, not how fast it is
  --json FILE       writes all figures to a file
  --scenario TEXT   only scenarios whose name contains the text
  --in-flight N     how many calls are in flight at once (default 16)
  --rounds N        how often each scenario is repeated (default 5; --soak: 6)
  --node-flag=FLAG  a flag for the Node that runs the server and the echo, such as --cpu-prof; may be repeated
                    (default ${defaultFlags.join(' ')})
  --help            this text
`;

const { values } = parseArgs({
  options: {
    soak: { type: 'boolean', default: false },
    watched: { type: 'boolean', default: false },
    python: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    scenario: { type: 'string' },
    'in-flight': { type: 'string', default: '16' },
    rounds: { type: 'string' },
    'node-flag': { type: 'string', multiple: true, default: defaultFlags },
    help: { type: 'boolean', default: false },
  },
});

const { quick } = values;
const inFlight = toCount(values['in-flight']);
const nodeFlags = values['node-flag'];
const onProgress = (what: string): void => void process.stderr.write(`measuring ${what}\n`);

if (values.help) {
  process.stdout.write(help);
} else if (values.soak) {
  const rounds = toCount(values.rounds ?? (quick ? '3' : '6'));
  const figures = await runSoak({ rounds, calls: quick ? 1000 : 12_000, inFlight, nodeFlags, onProgress });
  process.stdout.write(toSoakTable(figures));
  writeJson(figures);
} else if (values.watched) {
  const figures = await runWatched({
    jobs: quick ? 120 : 10_000,
    everyMs: quick ? 2000 : 30_000,
    polls: quick ? 2 : 3,
    nodeFlags,
    onProgress,
  });
  process.stdout.write(toWatchedTable(figures));
  writeJson(figures);
  if (figures.kinds.some(({ errors }) => errors > 0)) process.exitCode = 1;
} else if (values.python) {
  const figures = await runPython({
    starts: quick ? 1 : 5,
    rounds: quick ? 1 : 5,
    calls: quick ? 100 : 2500,
    inFlight,
    nodeFlags,
    onProgress,
  });
  process.stdout.write(toPythonTable(figures));
  writeJson(figures);
} else {
  const figures = await runBench({
    inFlight,
    rounds: toCount(values.rounds ?? (quick ? '1' : '5')),
    share: quick ? 0.02 : 1,
    starts: quick ? 1 : 5,
    scenario: values.scenario,
    nodeFlags,
    onProgress,
  });
  process.stdout.write(toTable(figures));
  writeJson(figures);
  if (figures.scenarios.some(({ server, echo }) => server.errors + (echo?.errors ?? 0) > 0)) process.exitCode = 1;
}

function writeJson(figures: object): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${text} is no count: give a whole number above 0`);
}
