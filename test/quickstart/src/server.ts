import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '@flyte-agents/test-upstreams';
import { root } from './scenario.ts';

/** How long the server may take until it is ready, in milliseconds. */
const startLimitMs = 30_000;

/** The command line's server, in a process of its own. */
export interface QuickstartServer {
  /** `host:port` of gRPC. */
  readonly endpoint: string;
  readonly metricsUrl: string;
  /** What it printed when it was ready. */
  readonly table: string;
  /** The end of what it wrote. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts `flyte-agents serve` with every agent, on free ports. */
export async function startAgentServer(environment: Readonly<Record<string, string>>): Promise<QuickstartServer> {
  const program = ['--conditions=@flyte-agents/source', join(root, 'packages/cli/src/main.ts'), '--root', join(root, 'packages/all')];
  const flags = ['serve', '--host', '127.0.0.1', '--port', '0', '--metrics-port', '0', '--log-level', 'warn'];
  const child = startChild(process.execPath, [...program, ...flags], { environment });
  const late = sleep(startLimitMs, `not ready after ${startLimitMs / 1000} s`, { ref: false });
  const failed = Promise.race([child.ended, late]);
  for (;;) {
    const [, table, endpoint, metricsUrl] = /^(AGENT .*?)\n\ngRPC +(\S+)\nmetrics +(\S+)\n/ms.exec(child.output()) ?? [];
    if (table !== undefined && endpoint !== undefined && metricsUrl !== undefined) {
      return { endpoint, metricsUrl, table, output: child.output, stop: child.stop };
    }
    const failure = await Promise.race([failed, sleep(20)]);
    if (failure === undefined) continue;
    await child.stop();
    throw new Error(`the server did not start: ${failure}\n${child.output()}`);
  }
}
