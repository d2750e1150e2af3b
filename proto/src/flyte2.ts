/** Messages and services of Flyte 2's connector protocol (`flyteidl2.connector`, `flyteidl2.core`, `flyteidl2.task`). */
export * from './gen/flyteidl2/connector/connector_pb.ts';
export * from './gen/flyteidl2/connector/service_pb.ts';
export * from './gen/flyteidl2/core/artifact_id_pb.ts';
export * from './gen/flyteidl2/core/execution_pb.ts';
export * from './gen/flyteidl2/core/identifier_pb.ts';
export * from './gen/flyteidl2/core/interface_pb.ts';
export * from './gen/flyteidl2/core/literals_pb.ts';
export * from './gen/flyteidl2/core/metrics_pb.ts';
export * from './gen/flyteidl2/core/security_pb.ts';
export * from './gen/flyteidl2/core/tasks_pb.ts';
export * from './gen/flyteidl2/core/types_pb.ts';
export * from './gen/flyteidl2/logs/dataplane/payload_pb.ts';
export * from './gen/flyteidl2/task/common_pb.ts';
