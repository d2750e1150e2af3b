/** `pnpm bench`: what a call costs. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { toTable } from './table.ts';

/** Halves the memory under load: Node would give short-lived objects 16 MB and more. Node must be started with it. */
const defaultFlags = ['--max-semi-space-size=4'];

const help = `Measures the built server beside a bare gRPC echo, in turn.

Usage: pnpm bench [--quick] [--json FILE] [--scenario TEXT]

  --quick           few calls: shows that it works, not how fast it is
  --json FILE       writes all figures to a file
  --scenario TEXT   only scenarios whose name contains the text
  --in-flight N     how many calls are in flight at once (default 16)
  --rounds N        how often each scenario is repeated (default 5)
  --node-flag=FLAG  a flag for the Node that runs the server and the echo, such as --cpu-prof; may be repeated
                    (default ${defaultFlags.join(' ')})
  --help            this text
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    scenario: { type: 'string' },
    'in-flight': { type: 'string', default: '16' },
    rounds: { type: 'string' },
    'node-flag': { type: 'string', multiple: true, default: defaultFlags },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const { quick } = values;
  const figures = await runBench({
    inFlight: toCount(values['in-flight']),
    rounds: toCount(values.rounds ?? (quick ? '1' : '5')),
    share: quick ? 0.02 : 1,
    starts: quick ? 1 : 5,
    scenario: values.scenario,
    nodeFlags: values['node-flag'],
    onProgress: (what) => process.stderr.write(`measuring ${what}\n`),
  });
  process.stdout.write(toTable(figures));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
  if (figures.scenarios.some(({ server, echo }) => server.errors + (echo?.errors ?? 0) > 0)) process.exitCode = 1;
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${text} is no count: give a whole number above 0`);
}
