/** How the engines call what they ask agents by. */
export interface Engine {
  /** The plugin's id: its section, and the value of routes. */
  readonly plugin: string;
  readonly defaultServer: string;
  readonly servers: string;
  readonly routes: string;
  /** Under which name the listing has its timeout. */
  readonly listing: string;
  /** The services whose calls may be repeated. */
  readonly services: readonly string[];
}

const flyte1Services = ['flyteidl.service.AsyncAgentService', 'flyteidl.service.AgentMetadataService'];
const connectors = {
  plugin: 'connector-service',
  defaultServer: 'defaultConnector',
  servers: 'connectors',
  routes: 'connectorForTaskTypes',
  listing: 'ListConnectors',
} as const;

/** The engines that can be configured, by the name that their operators know. */
export const engines = {
  'connector-service': { ...connectors, services: flyte1Services },
  'agent-service': {
    plugin: 'agent-service',
    defaultServer: 'defaultAgent',
    servers: 'agents',
    routes: 'agentForTaskTypes',
    listing: 'ListAgents',
    services: flyte1Services,
  },
  flyte2: { ...connectors, services: ['flyteidl2.connector.AsyncConnectorService', 'flyteidl2.connector.ConnectorMetadataService'] },
} as const satisfies Readonly<Record<string, Engine>>;

/** The name of an engine. */
export type EngineName = keyof typeof engines;
