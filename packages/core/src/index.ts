// To write an agent.
export { AsyncAgent, SyncAgent } from './agent.ts';
export type { Locator, LogLine, LogPage, LogRequest, MetricSeries, MetricsRequest } from './agent.ts';
export { Sensor } from './sensor.ts';
export { durationHint, durationMs } from './sensor-settings.ts';
export { Waiters } from './dispatcher/waiters.ts';
export type { PokeContext, PokeResult, SensorClaims, SensorClass, SensorTask } from './sensor.ts';
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
export { secretCheck } from './check.ts';
export type { Check } from './check.ts';
export { ObjectStore } from './store/store.ts';
export type { ObjectStoreOptions, StoreSdks } from './store/store.ts';
export { parseLocation, toUrl } from './store/location.ts';
export type { ObjectLocation, StoreService } from './store/location.ts';
export type { ListedPage, ListOptions, ObjectInfo, ReadableStore, ReadOptions, SeenObject } from './store/service.ts';
export { readErrorDocument } from './protocol/error-document.ts';
export type { ErrorDocument } from './protocol/error-document.ts';
export { defineStates, isTerminal } from './phase.ts';
export type { Phase, TerminalPhase } from './phase.ts';
export { AgentError, firstLine, fromHttpStatus } from './errors.ts';
export type { AgentErrorOptions, ErrorCode, ErrorOrigin } from './errors.ts';
export { isUnsent, networkCode, RequestError, readFault, toRetryAfterMs, toUnsubmitted } from './request-error.ts';
export type { RequestFacts, RequestFault } from './request-error.ts';
export type { IdempotencyKey } from './idempotency.ts';
export { Inputs } from './literals/inputs.ts';
export type { PresentLiteral } from './literals/inputs.ts';
export { dictType, toOutputs } from './literals/outputs.ts';
export { toLiteral } from './literals/encode.ts';
export { toValue } from './literals/decode.ts';
export { toJson } from './literals/plain-json.ts';
export { withoutNulls } from './literals/json.ts';
export { toPlain, toText } from './literals/text.ts';
export { pythonText } from './literals/python.ts';
export type { PlainObject, PlainValue } from './literals/python.ts';
export type { NativeObject, NativeValue } from './literals/native.ts';
export type { Value, ValueObject } from './literals/value.ts';
export { FlyteDatetime, FlyteDuration, simpleTypes } from './literals/model.ts';
export type {
  Column,
  ExternalSchema,
  JsonObject,
  JsonValue,
  Literal,
  LiteralMap,
  LiteralType,
  LiteralTypeShape,
  Reference,
  SchemaColumn,
  SimpleType,
} from './literals/model.ts';
export type { Connection, SecretName, Secrets } from './secrets.ts';
export { ClientPool } from './client-pool.ts';
export type { ClientKey } from './client-pool.ts';
export { createFetch } from './http/fetch.ts';
export type { CheckedFetch, FetchOptions, FetchResponse } from './http/fetch.ts';
export type { FetchPolicy } from './http/guard.ts';
export type { Schema } from './schema.ts';
export type { AgentList } from './registry.ts';
export type { Logger } from './logger.ts';

// To serve agents.
export { startServer } from './server.ts';
export type { AgentServer, ServerOptions } from './server.ts';
export type { TlsFiles } from './certificates.ts';
export { Dispatcher } from './dispatcher/dispatcher.ts';
export type { DispatcherOptions } from './dispatcher/dispatcher.ts';
export { Call } from './dispatcher/call.ts';
export type { StoredRequest, TaskRequest } from './dispatcher/requests.ts';
export { Metrics } from './metrics.ts';
export { discoverAgents } from './discovery.ts';
export type { AgentPackage } from './discovery.ts';
export type { SensorMapping } from './sensor-host.ts';
export { AgentRegistry } from './registry.ts';
export type { Agent } from './registry.ts';
export { Checkup, checksOf } from './checkup.ts';
export type { CheckupOptions, Finding } from './checkup.ts';
export { storeCheck, tlsChecks } from './server-checks.ts';
export { SecretSource } from './secrets.ts';
export type { Tenant } from './secrets.ts';
export { createLogger } from './logger.ts';
export type { LoggerOptions, LogLevel } from './logger.ts';
export { toTaggedJson } from './literals/json.ts';
export { isOptional, kindName, typeName } from './literals/names.ts';
export { encodeLiterals, fromMapMessage } from './protocol/literals.ts';
export { fromTemplateMessage } from './protocol/tasks.ts';
