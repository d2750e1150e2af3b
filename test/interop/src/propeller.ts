import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, goTool } from '@flyte-agents/test-upstreams';
import type { DriveReport } from './report.ts';

/** What to run through Propeller's plugin. */
export interface DriveOptions {
  /** The agent server, `host:port`. */
  readonly endpoint: string;
  /** A `flyteidl.core.TaskTemplate` in protobuf JSON; not needed with the flag `--list`. */
  readonly task?: object;
  /** A `flyteidl.core.LiteralMap` in protobuf JSON; default: no inputs. */
  readonly inputs?: object;
  /** More flags of the harness; its README tells them. */
  readonly flags?: readonly string[];
}

/** The path of the harness; needs go, and builds it for minutes the first time. */
export async function buildPropellerDrive(): Promise<string> {
  return goTool('propeller-drive', join(import.meta.dirname, '../propeller'));
}

/** Runs the harness; its report, also of executions that fail. Wrong usage is an error. */
export async function drive(binary: string, options: DriveOptions): Promise<DriveReport> {
  const folder = mkdtempSync(join(tmpdir(), 'propeller-drive-'));
  const file = (name: string, content: object | undefined): string[] => {
    if (content === undefined) return [];
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(content));
    return [`--${name}`, path];
  };
  try {
    const files = [...file('task', options.task), ...file('inputs', options.inputs)];
    const { ended, stdout, output } = await finish(binary, ['--endpoint', options.endpoint, ...files, ...(options.flags ?? [])]);
    if (!stdout.startsWith('{')) throw new Error(`propeller-drive made no report: ${ended}\n${output}`);
    const report: DriveReport = JSON.parse(stdout);
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
