import type { DescService } from '@bufbuild/protobuf';
import { AgentMetadataService, AsyncAgentService, SyncAgentService } from '@flyte-agents/proto/flyte1';
import { AsyncConnectorService, ConnectorMetadataService } from '@flyte-agents/proto/flyte2';

/** The services of both protocols. */
export const services: readonly DescService[] = [
  AsyncAgentService,
  SyncAgentService,
  AgentMetadataService,
  AsyncConnectorService,
  ConnectorMetadataService,
];

/** Their full names, as health checks ask for them. */
export const serviceNames: readonly string[] = services.map(({ typeName }) => typeName);
