import { existsSync, readFileSync } from 'node:fs';
import { megabytes } from './figures.ts';

/** /proc counts CPU time in hundredths of a second. */
const tickMs = 10;

/** The CPU time that a process and its threads have had, in milliseconds; `undefined` where there is no /proc. */
export function cpuMsOf(pid: number | undefined): number | undefined {
  // The name, in parentheses, may hold spaces; the 12th and 13th fields after it are user and system time.
  const fields = readProc(pid, 'stat')
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** The memory of a process, in megabytes: now, and at its highest; `undefined` where there is no /proc. */
export function memoryOf(pid: number | undefined): { readonly rssMb: number; readonly peakRssMb: number } | undefined {
  const status = readProc(pid, 'status');
  if (status === undefined) return undefined;
  const field = (name: string): number => megabytes(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024);
  return { rssMb: field('VmRSS'), peakRssMb: field('VmHWM') };
}

function readProc(pid: number | undefined, file: string): string | undefined {
  const path = `/proc/${pid}/${file}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
