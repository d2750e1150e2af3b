import type { Figures, PythonFigures, ScenarioFigures, SideFigures, StartFigures, WatchedFigures } from './figures.ts';
import type { SoakFigures } from './soak.ts';

/** The figures for people. */
export function toTable({ node, cores, inFlight, rounds, nodeFlags, idleRssMb, scenarios, starts }: Figures): string {
  const flags = nodeFlags.length === 0 ? '' : `, flags ${nodeFlags.join(' ')}`;
  const head = `Node ${node}${flags}, ${cores} cores; ${inFlight} calls in flight on one connection, ${rounds} rounds\n`;
  const calls = rows([
    ['scenario', 'side', 'requests/s', 'CPU ms/1000', 'CPU ratio', 'p50 ms', 'p99 ms', 'loop lag p99 ms', 'RSS MB', 'errors'],
    ...scenarios.flatMap(scenarioRows),
  ]);
  const begin = toStartTable(starts);
  const highest = Math.max(...scenarios.map(({ server }) => server.rssMb));
  const memory = `RSS of the server: idle ${fixed(idleRssMb.server)} MB (echo ${fixed(idleRssMb.echo)} MB), under load at most ${fixed(highest)} MB`;
  const errors = scenarios.flatMap(({ name, server, echo }) =>
    [server.firstError, echo?.firstError].map((error) => error && `${name}: ${error}`),
  );
  return [head, calls, '', begin, '', memory, ...errors.filter((error) => error !== undefined), ''].join('\n');
}

/** What starts take, for people. */
function toStartTable(starts: readonly StartFigures[]): string {
  return rows([['start to first answer', 'median ms', 'best ms', 'CPU ms', 'RSS idle MB', 'highest MB'], ...starts.map(startRow)]);
}

/** How our server and flytekit's compare, for people. */
export function toPythonTable({ starts, polls }: PythonFigures): string {
  const cells = polls.map(({ name, requestsPerSecond, cpuMsPer1000, rssMb }) => [
    name,
    fixed(requestsPerSecond),
    fixed(cpuMsPer1000),
    known(rssMb),
  ]);
  return [toStartTable(starts), '', rows([['GetTask RUNNING', 'requests/s', 'CPU ms/1000', 'RSS MB'], ...cells]), ''].join('\n');
}

/** What watching jobs takes, for people. */
export function toWatchedTable({ kinds, jobs, everyMs, cpuMsPer1000, cpuShare, rssMb, peakRssMb, p99Ms }: WatchedFigures): string {
  const cells = kinds.map((kind) => [
    kind.service,
    fixed(kind.jobs),
    String(kind.polls),
    String(kind.upstreamCalls),
    fixed(kind.p50Ms, 1),
    fixed(kind.p99Ms, 1),
    String(kind.errors),
  ]);
  const cpu = `CPU ${known(cpuMsPer1000)} ms per 1,000 polls, ${known(cpuShare && cpuShare * 100)} % of a core`;
  const memory = `RSS ${fixed(rssMb)} MB, at most ${known(peakRssMb)} MB`;
  const errors = kinds.map(({ firstError }) => firstError).filter((error) => error !== undefined);
  return [
    rows([['service', 'jobs', 'polls', 'upstream calls', 'p50 ms', 'p99 ms', 'errors'], ...cells]),
    '',
    `${jobs} jobs, each polled every ${everyMs / 1000} s: p99 ${fixed(p99Ms, 1)} ms; ${cpu}; ${memory}`,
    ...errors,
    '',
  ].join('\n');
}

/** What a soak found, for people. */
export function toSoakTable({ rounds, keptPerCall }: SoakFigures): string {
  const cells = rounds.map(({ calls, heapMb, rssMb }) => [String(calls), fixed(heapMb, 2), fixed(rssMb)]);
  const kept = `after the second round every call left ${fixed(keptPerCall, 1)} bytes`;
  return [rows([['calls so far', 'heap MB', 'RSS MB'], ...cells]), '', kept, ''].join('\n');
}

function scenarioRows({ name, server, echo, cpuRatio }: ScenarioFigures): string[][] {
  const rowsOfBoth = [[name, 'server', ...sideCells(server, cpuRatio)]];
  if (echo !== undefined) rowsOfBoth.push(['', 'echo', ...sideCells(echo)]);
  return rowsOfBoth;
}

function sideCells(side: SideFigures, cpuRatio?: number): string[] {
  const { requestsPerSecond, cpuMsPer1000, p50Ms, p99Ms, lagP99Ms, rssMb, errors } = side;
  const ratio = cpuRatio === undefined ? '' : fixed(cpuRatio, 2);
  return [
    fixed(requestsPerSecond),
    fixed(cpuMsPer1000, 1),
    ratio,
    fixed(p50Ms, 2),
    fixed(p99Ms, 2),
    fixed(lagP99Ms, 1),
    fixed(rssMb),
    String(errors),
  ];
}

function startRow({ name, skipped, wallMs, bestWallMs, cpuMs, rssMb, peakRssMb }: StartFigures): string[] {
  if (skipped !== undefined) return [name, `skipped: ${skipped}`];
  return [name, fixed(wallMs), fixed(bestWallMs), known(cpuMs), known(rssMb), known(peakRssMb)];
}

/** What not every system tells. */
function known(value: number | undefined): string {
  return value === undefined ? '?' : fixed(value);
}

function fixed(value: number, digits: number = 0): string {
  return value.toFixed(digits);
}

/** Columns as wide as they need to be; the first is text, the others are numbers. */
function rows(cells: readonly (readonly string[])[]): string {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row.length > 2 ? (row[column] ?? '').length : 0))));
  widths[0] = Math.max(...cells.map(([first = '']) => first.length));
  return cells
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n');
}
