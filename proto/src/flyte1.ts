/** Messages and services of Flyte 1's agent protocol (`flyteidl.service`, `flyteidl.admin`, `flyteidl.core`). */
export * from './gen/flyteidl/admin/agent_pb.ts';
export * from './gen/flyteidl/core/artifact_id_pb.ts';
export * from './gen/flyteidl/core/errors_pb.ts';
export * from './gen/flyteidl/core/execution_pb.ts';
export * from './gen/flyteidl/core/identifier_pb.ts';
export * from './gen/flyteidl/core/interface_pb.ts';
export * from './gen/flyteidl/core/literals_pb.ts';
export * from './gen/flyteidl/core/metrics_pb.ts';
export * from './gen/flyteidl/core/security_pb.ts';
export * from './gen/flyteidl/core/tasks_pb.ts';
export * from './gen/flyteidl/core/types_pb.ts';
export * from './gen/flyteidl/service/agent_pb.ts';
