// To write an agent.
export { AsyncAgent, SyncAgent } from './agent.ts';
export type { Locator, LogLine, LogPage, LogRequest, MetricSeries, MetricsRequest } from './agent.ts';
export { Sensor } from './sensor.ts';
export type { PokeResult, SensorClaims, SensorClass, SensorTask } from './sensor.ts';
export type {
  AgentContext,
  Container,
  CreateContext,
  GetContext,
  LogLink,
  Resource,
  Task,
  TaskExecution,
  TaskId,
  TaskTemplate,
  TaskType,
  Variable,
} from './task.ts';
export { defineStates, isTerminal } from './phase.ts';
export type { Phase, TerminalPhase } from './phase.ts';
export { AgentError, firstLine, fromHttpStatus } from './errors.ts';
export type { AgentErrorOptions, ErrorCode, ErrorOrigin } from './errors.ts';
export type { IdempotencyKey } from './idempotency.ts';
export { Inputs } from './literals/inputs.ts';
export { FlyteDatetime, FlyteDuration } from './literals/model.ts';
export type {
  Column,
  JsonObject,
  JsonValue,
  Literal,
  LiteralMap,
  LiteralType,
  LiteralTypeShape,
  SchemaColumn,
  SimpleType,
} from './literals/model.ts';
export type { Schema } from './schema.ts';
export type { AgentList } from './registry.ts';
export type { Logger } from './logger.ts';

// To serve agents.
export { startServer } from './server.ts';
export type { AgentServer, ServerOptions } from './server.ts';
export { Dispatcher } from './dispatcher/dispatcher.ts';
export type { DispatcherOptions } from './dispatcher/dispatcher.ts';
export { Call } from './dispatcher/call.ts';
export type { StoredRequest, TaskRequest } from './dispatcher/requests.ts';
export { Metrics } from './metrics.ts';
export { discoverAgents } from './discovery.ts';
export type { AgentPackage } from './discovery.ts';
export { AgentRegistry } from './registry.ts';
export type { Agent } from './registry.ts';
export { createLogger } from './logger.ts';
export type { LoggerOptions, LogLevel } from './logger.ts';
export { toTaggedJson } from './literals/json.ts';
export { toText } from './literals/text.ts';
export { encodeLiterals, fromMapMessage } from './protocol/literals.ts';
export { fromTemplateMessage } from './protocol/tasks.ts';
