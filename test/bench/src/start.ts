import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@flyte-agents/proto/client';
import { AgentMetadataService } from '@flyte-agents/proto/flyte1';
import { built } from './child.ts';
import { median, type StartFigures } from './figures.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';
import { everyAgent, root, startServed, type ServedOptions } from './served.ts';

/** A server to start. */
export interface Startable extends ServedOptions {
  readonly name: string;
  /** The file that must be there, from the workspace's root. */
  readonly needs: string;
  readonly arguments: readonly string[];
}

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number | undefined;
  readonly rssMb: number | undefined;
  readonly peakRssMb: number | undefined;
}

/** Our servers, with the flags of Node that ours are measured with. */
export function ownServers(nodeFlags: readonly string[]): readonly Startable[] {
  const dummies = [join(built, 'serve.js'), '--port', '0'];
  return [
    { name: 'dummy agents', needs: 'test/bench/dist/serve.js', arguments: [...nodeFlags, ...dummies] },
    { name: 'every agent', needs: 'packages/cli/dist/main.js', arguments: [...nodeFlags, ...everyAgent] },
  ];
}

/** How long a server rests before its memory is looked at, in milliseconds. */
const restMs = 1000;
/** How long the first answer may take, in milliseconds. */
const callLimitMs = 10_000;

/** Starts every server a number of times. */
export async function measureStarts(servers: readonly Startable[], times: number): Promise<readonly StartFigures[]> {
  const figures: StartFigures[] = [];
  for (const server of servers) {
    const skipped = existsSync(join(root, server.needs)) ? undefined : `${server.needs} is not there`;
    const starts: Start[] = [];
    for (let left = skipped === undefined ? times : 0; left > 0; left--) starts.push(await startOnce(server));
    figures.push({
      name: server.name,
      skipped,
      wallMs: median(starts.map(({ wallMs }) => wallMs)),
      bestWallMs: Math.min(...starts.map(({ wallMs }) => wallMs)),
      cpuMs: medianOf(starts.map(({ cpuMs }) => cpuMs)),
      rssMb: medianOf(starts.map(({ rssMb }) => rssMb)),
      peakRssMb: medianOf(starts.map(({ peakRssMb }) => peakRssMb)),
    });
  }
  return figures;
}

async function startOnce({ arguments: words, ...options }: Startable): Promise<Start> {
  const started = performance.now();
  const server = await startServed(words, options);
  try {
    const connection = connect(server.address);
    await connection.client(AgentMetadataService).listAgents({}, { timeoutMs: callLimitMs });
    const wallMs = performance.now() - started;
    const cpuMs = cpuMsOf(server.process.pid);
    connection.close();
    await sleep(restMs);
    const memory = memoryOf(server.process.pid);
    return { wallMs, cpuMs, rssMb: memory?.rssMb, peakRssMb: memory?.peakRssMb };
  } finally {
    await server.stop();
  }
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
