import { createLogger, type Logger, type LogLevel } from '@flyte-agents/core';
import { style, type Screen } from './table.ts';

const levels: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** A logger on standard error: JSON for machines, one readable line where a person watches. */
export function screenLogger(level: LogLevel, stream: Screen = process.stderr): Logger {
  const write = (line: string): void => {
    stream.write(`${toReadable(line, stream)}\n`);
  };
  return createLogger({ level, destination: stream.isTTY === true ? { write } : stream });
}

/** A line of a logger's JSON as people read it: time, level, sentence, fields. */
export function toReadable(line: string, stream: Screen): string {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return line;
  const { level, time, msg, ...fields }: Partial<Record<string, unknown>> = { ...entry };
  const name = levels[Number(level)] ?? String(level);
  const clock = new Date(String(time)).toTimeString().slice(0, 8);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const colour = name === 'warn' ? 'yellow' : name === 'error' || name === 'fatal' ? 'red' : 'dim';
  return [style('dim', clock, stream), style(colour, name.padEnd(5), stream), String(msg), style('dim', rest.join(' '), stream)]
    .join(' ')
    .trimEnd();
}
