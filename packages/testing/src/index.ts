// To prove an agent.
export { testAgent } from './test-agent.ts';
export type { AgentTestOptions } from './test-agent.ts';
export { conformanceCases } from './conformance/cases.ts';
export type { AgentUnderTest, ConformanceCase } from './conformance/cases.ts';
export type { InvalidConfig } from './conformance/stage.ts';
export { World } from './world.ts';
export { isLive } from './job.ts';
export type { JobCaller, JobState, WorldJob } from './job.ts';
export type { CallCounts, Chaos, WorldOperation } from './wire.ts';
export { faultKinds, FaultSchedule, faultStatus, passingFaults, randomFaults, slowFaults } from './faults.ts';
export type { Fault, FaultKind } from './faults.ts';
export type { Attempt, Path, TemplateInit, TestTask } from './task.ts';
export { TaskRequests } from './task.ts';

// Random histories.
export { runSchedules, ScheduleError } from './schedules/run-schedules.ts';
export type { ScheduleOptions, ScheduleSummary } from './schedules/run-schedules.ts';
export type { Guarantee } from './schedules/guarantee.ts';
export type { CreateStep, JobMove, Schedule, Step } from './schedules/schedule.ts';

// Damaged requests.
export { runMutations } from './mutations/run-mutations.ts';
export type { MutationOptions, MutationSummary } from './mutations/run-mutations.ts';
export type { TargetOptions } from './mutations/targets.ts';

// The engine, and servers for it.
export { FakeEngine } from './engine/fake-engine.ts';
export type { FakeEngineOptions } from './engine/fake-engine.ts';
export { EngineTask } from './engine/engine-task.ts';
export type { CreateFate, EngineTaskOptions } from './engine/engine-task.ts';
export type { CallMethod, EngineCall, PublishedPhase, Verdict } from './engine/calls.ts';
export { CallError } from './engine/endpoint.ts';
export type { Endpoint, EndpointOptions, EngineAnswer, ListedAgent, StoredTask } from './engine/endpoint.ts';
export { grpcEndpoint } from './engine/grpc.ts';
export type { ReadOutputs } from './engine/outputs.ts';
export { Replica, replicaEndpoint } from './replica.ts';
export type { ReplicaCall, ReplicaOptions } from './replica.ts';

// Time, chance, secrets, logs, sockets.
export { VirtualClock } from './clock.ts';
export { Random } from './random.ts';
export { mutate } from './mutate.ts';
export { Canaries } from './canary.ts';
export type { Leak } from './canary.ts';
export { RecordingLogger } from './recording-logger.ts';
export type { LoggedLine } from './recording-logger.ts';
export { FaultyUpstream } from './faulty-upstream.ts';
export type { UpstreamHandler, UpstreamOptions, UpstreamRequest, UpstreamResponse } from './faulty-upstream.ts';
