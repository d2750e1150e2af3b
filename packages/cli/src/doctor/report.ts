import type { Finding } from '@flyte-agents/core';
import { screenWidth, style, wrap, type Screen } from '../table.ts';

/** What was found of the server or of one agent. */
export interface Group {
  readonly name: string;
  /** The package that the agent is from, with its version; `undefined` for the server. */
  readonly package: string | undefined;
  readonly findings: readonly Finding[];
}

type Outcome = Finding['outcome'];

const marks: Readonly<Record<Outcome, string>> = { ok: '✓', warning: '!', problem: '✗' };
const colours: Readonly<Record<Outcome, 'green' | 'yellow' | 'red'>> = { ok: 'green', warning: 'yellow', problem: 'red' };
/** The narrowest that messages are made. */
const narrowest = 40;

/** Whether nothing keeps tasks from running; warnings do not. */
export function isFine(groups: readonly Group[]): boolean {
  return count(groups, 'problem') === 0;
}

/**
 * All findings by group, what is to be done below each, and how many there are of which kind. Marks and colours on a screen,
 * words elsewhere.
 */
export function toReport(groups: readonly Group[], stream: Screen): string {
  const hasMarks = style('bold', 'x', stream) !== 'x';
  const named = groups.flatMap(({ findings }) => findings.map(({ name }) => name.length));
  const marked = hasMarks ? 1 : 'problem'.length;
  const nameWidth = Math.max(0, ...named);
  const indent = 2 + marked + 1 + nameWidth + 2;
  const room = Math.max(narrowest, screenWidth(stream) - indent);
  const toLines = ({ name, outcome, message, fix }: Finding): string[] => {
    const mark = style(colours[outcome], (hasMarks ? marks[outcome] : outcome).padEnd(marked), stream);
    const arrow = hasMarks ? '→ ' : 'fix: ';
    const fixes = fix === undefined ? [] : wrap(fix, room - arrow.length);
    return [
      ...wrap(message, room).map((line, index) =>
        index === 0 ? `  ${mark} ${name.padEnd(nameWidth)}  ${line}` : `${' '.repeat(indent)}${line}`,
      ),
      ...fixes.map((line, index) => `${' '.repeat(indent)}${index === 0 ? style('cyan', arrow, stream) : ' '.repeat(arrow.length)}${line}`),
    ];
  };
  const blocks = groups.map(({ name, package: from, findings }) => [
    `${style('bold', name, stream)}${from === undefined ? '' : `  ${style('dim', from, stream)}`}`,
    ...(findings.length === 0 ? [`  ${style('dim', 'nothing that can be checked without a task', stream)}`] : []),
    ...withoutEchoes(findings).flatMap(toLines),
  ]);
  return [...blocks.map((lines) => lines.join('\n')), summary(groups, stream)].join('\n\n');
}

/** One JSON object with every finding. */
export function toJson(groups: readonly Group[]): string {
  const checked = groups.map(({ name, package: from = null, findings }) => ({
    name,
    package: from,
    findings: findings.map(({ fix = null, elapsedMs, ...finding }) => ({ ...finding, fix, elapsedMs: Math.round(elapsedMs) })),
  }));
  return JSON.stringify({ isFine: isFine(groups), groups: checked }, undefined, 2);
}

/** Where one thing is wrong, all that needs it says so: once is enough. */
function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding, index) => {
    const first = findings.findIndex(({ outcome, message }) => outcome !== 'ok' && message === finding.message);
    const { [first]: source } = findings;
    return source === undefined || first >= index
      ? finding
      : { ...finding, message: `for the same reason as ${source.name}`, fix: undefined };
  });
}

function summary(groups: readonly Group[], stream: Screen): string {
  const problems = count(groups, 'problem');
  const warnings = count(groups, 'warning');
  const parts = [
    ...(problems === 0 ? [] : [style('red', amount(problems, 'problem'), stream)]),
    ...(warnings === 0 ? [] : [style('yellow', amount(warnings, 'warning'), stream)]),
    style('green', `${count(groups, 'ok')} fine`, stream),
  ];
  return parts.join(', ');
}

function count(groups: readonly Group[], outcome: Outcome): number {
  return groups.flatMap(({ findings }) => findings).filter((finding) => finding.outcome === outcome).length;
}

function amount(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
