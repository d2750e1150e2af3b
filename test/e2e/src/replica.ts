import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '@flyte-agents/test-upstreams';

const root = join(import.meta.dirname, '../../..');
/** How long a replica may take until it is ready, in milliseconds. */
const startLimitMs = 30_000;

/** A server of the command line, in a process of its own. */
export interface Replica {
  readonly pid: number;
  /** `host:port` of gRPC. */
  readonly address: string;
  readonly port: number;
  /** How it ended, in words: `exit code 0`. */
  readonly ended: Promise<string>;
  readonly signal: (name: 'SIGTERM' | 'SIGKILL') => void;
  /** Ends it, if it has not ended yet. */
  readonly stop: () => Promise<void>;
}

/** Starts `flyte-agents serve` with the agents of this folder. @param serviceUrl where their job service is @param port 0: any free one */
export async function startReplica(serviceUrl: string, port: number): Promise<Replica> {
  const program = ['--conditions=@flyte-agents/source', join(root, 'packages/cli/src/main.ts'), '--root', join(root, 'test/e2e')];
  const flags = ['serve', '--host', '127.0.0.1', '--port', String(port), '--metrics-port', '0', '--log-level', 'warn'];
  const child = startChild(process.execPath, [...program, ...flags], { environment: { E2E_JOB_SERVICE: serviceUrl } });
  const late = sleep(startLimitMs, `not ready after ${startLimitMs / 1000} s`, { ref: false });
  for (;;) {
    const bound = /^gRPC +\S+:(\d+)$/m.exec(child.output())?.[1];
    const { pid, ended, stop } = child;
    if (bound !== undefined && pid !== undefined) {
      const signal = (name: NodeJS.Signals): void => void process.kill(pid, name);
      return { pid, address: `127.0.0.1:${bound}`, port: Number(bound), ended, signal, stop };
    }
    const failure = await Promise.race([ended, late, sleep(20)]);
    if (failure === undefined) continue;
    await stop();
    throw new Error(`the replica did not start: ${failure}\n${child.output()}`);
  }
}
