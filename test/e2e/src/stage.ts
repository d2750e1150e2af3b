import { FaultyUpstream } from '@flyte-agents/testing';
import { onTestFinished } from 'vitest';
import { JobService } from './job-service.ts';
import { startReplica, type Replica } from './replica.ts';

/** How long tests wait for something to come about, and how often they look, in milliseconds. */
export const patience = { timeout: 30_000, interval: 50 };

/** Where a test plays. All of it ends with the test. */
export interface Stage {
  readonly service: JobService;
  /** Starts a replica that uses the service. @param port default: any free one */
  readonly start: (port?: number) => Promise<Replica>;
}

/** A job service on a loopback socket, for replicas to come. @param latencyMs how long its requests take, in milliseconds */
export async function openStage(latencyMs: number): Promise<Stage> {
  const service = new JobService(latencyMs);
  const upstream = await FaultyUpstream.start({ handler: (request) => service.serve(request) });
  onTestFinished(() => upstream.close());
  return {
    service,
    async start(port = 0) {
      const replica = await startReplica(upstream.url, port);
      onTestFinished(replica.stop);
      return replica;
    },
  };
}
