import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type ChildOptions } from '@flyte-agents/test-upstreams';

/** How long a server may take until it is ready, in milliseconds. */
const startLimitMs = 30_000;
/** Any free ports, so that tests do not meet. */
const ports = '--host 127.0.0.1 --port 0 --metrics-port 0';

/** A server in a process of its own. */
export interface Serving {
  /** `host:port` of gRPC. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts `flyte-agents serve`, by a command as a user types it. */
export async function startServing(command: string, options: ChildOptions): Promise<Serving> {
  const child = startChild('bash', ['-c', `${command} ${ports}`], options);
  const late = sleep(startLimitMs, `not ready after ${startLimitMs / 1000} s`, { ref: false });
  for (;;) {
    const endpoint = /^gRPC +(\S+)$/m.exec(child.output())?.[1];
    if (endpoint !== undefined) return { endpoint, stop: child.stop };
    const failure = await Promise.race([child.ended, late, sleep(20)]);
    if (failure === undefined) continue;
    await child.stop();
    throw new Error(`${command}: ${failure}\n${child.output()}`);
  }
}
