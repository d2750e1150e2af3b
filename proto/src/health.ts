/** gRPC's health service (`grpc.health.v1`). */
export * from './gen/health/v1/health_pb.ts';
