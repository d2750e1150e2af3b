import { connect } from '@flyte-agents/proto/client';
import { Health, HealthCheckResponse_ServingStatusSchema as Status } from '@flyte-agents/proto/health';

/** What a server says of itself. */
export interface HealthWatch {
  /** Every status so far, by name. */
  readonly statuses: readonly string[];
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
}

/** Listens to a server's health, as a load balancer does. @param address `host:port` */
export function watchHealth(address: string): HealthWatch {
  const connection = connect(address);
  const statuses: string[] = [];
  const listen = async (): Promise<void> => {
    for await (const { status } of connection.client(Health).watch([{ service: '' }])) statuses.push(Status.value[status]?.name ?? '');
    connection.close();
  };
  return { statuses, ended: listen() };
}
