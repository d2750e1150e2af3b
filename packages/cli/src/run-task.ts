import { createLogger, isOptional, startServer, typeName, type AgentList, type LiteralMap, type Logger } from '@flyte-agents/core';
import { status } from '@grpc/grpc-js';
import { codeOf, reasonOf, type EngineClient, type Protocol } from './engine/client.ts';
import { Execution } from './engine/execution.ts';
import { flyte1Client } from './engine/flyte1.ts';
import { flyte2Client } from './engine/flyte2.ts';
import { Run, type TaskProgress, type TaskResult } from './engine/run.ts';
import { CommandError, UsageError } from './errors.ts';
import { toLiteral } from './inputs/literal.ts';
import type { InputValue } from './inputs/value.ts';
import { toTaskDefinition, type TaskDefinition, type TaskSource } from './task/source.ts';

/** Where a task is to run: on a server of its own with these agents, or on one that is there. */
export type RunTarget = { readonly agents: AgentList; readonly logger?: Logger } | { readonly endpoint: string };

/** What {@link runTask} is given beside the place to run. */
export interface RunTaskSettings {
  readonly task: TaskSource;
  /** By name; they win over those that came with the task. */
  readonly inputs?: Readonly<Record<string, InputValue>>;
  /** Default: Flyte 1. */
  readonly protocol?: Protocol | undefined;
  /** The execution's project and domain. Default: what the task came with, else `local` and `development`. */
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  /** The URL of the folder for outputs. Default: one in the machine's folder for temporary files. */
  readonly outputPrefix?: string | undefined;
  /** How many more attempts a retryable failure has. Default: as many as the task asks for. */
  readonly retries?: number | undefined;
  /** The pause between two polls, in milliseconds. Default: one second. */
  readonly pollIntervalMs?: number | undefined;
  /** The deadline of every call, in milliseconds. Default: ten seconds. */
  readonly callTimeoutMs?: number | undefined;
  /** Told of every answer. */
  readonly onProgress?: ((progress: TaskProgress) => void) | undefined;
  /** Cancels the task; the result is then ABORTED. */
  readonly signal?: AbortSignal | undefined;
}

/** Everything that {@link runTask} is given. */
export type RunTaskOptions = RunTaskSettings & RunTarget;

/** How long the server of one task waits for calls at its end, in milliseconds: none is left by then. */
const drainMs = 1000;

/**
 * Runs a task as Flyte's engine would, through gRPC: creates it, polls it until it ends, repeats it after a retryable failure,
 * and cancels it when the signal says so. A failed task is a result, not an error.
 *
 * @throws UsageError when the task or an input is wrong
 * @throws CommandError when the server is not there, or a task that was to be cancelled may still run
 */
export async function runTask(options: RunTaskOptions): Promise<TaskResult> {
  const definition = toTaskDefinition(options.task);
  const literals = toInputs(definition, options.inputs ?? {});
  if ('endpoint' in options) return runOn(options.endpoint, { definition, literals, options });
  const { agents, logger = createLogger({ level: 'warn' }) } = options;
  const server = await startServer({ agents, logger, host: '127.0.0.1', port: 0, metricsPort: 0, drainMs });
  try {
    return await runOn(`127.0.0.1:${server.port}`, { definition, literals, options });
  } finally {
    await server.stop();
  }
}

interface Prepared {
  readonly definition: TaskDefinition;
  readonly literals: LiteralMap;
  readonly options: RunTaskSettings;
}

async function runOn(endpoint: string, { definition, literals, options }: Prepared): Promise<TaskResult> {
  const { protocol = 'flyte1', callTimeoutMs = 10_000, pollIntervalMs = 1000, project, domain, outputPrefix } = options;
  const { template } = definition;
  const engine = connectTo(endpoint, protocol, callTimeoutMs);
  try {
    return await new Run({
      engine,
      execution: new Execution(definition, literals, { project, domain, outputPrefix, protocol }),
      template,
      isSync: await isSyncType(engine, template.type, endpoint),
      retries: options.retries ?? template.retries,
      pollIntervalMs,
      onProgress: options.onProgress ?? (() => {}),
      signal: options.signal ?? new AbortController().signal,
    }).result();
  } finally {
    engine.close();
  }
}

/** A client of a server, in one version of the protocol. */
export function connectTo(endpoint: string, protocol: Protocol, callTimeoutMs: number): EngineClient {
  return protocol === 'flyte1' ? flyte1Client(endpoint, callTimeoutMs) : flyte2Client(endpoint, callTimeoutMs);
}

/** What a call gives, or that the server is not there. */
export async function reached<Value>(endpoint: string, call: Promise<Value>): Promise<Value> {
  try {
    return await call;
  } catch (error) {
    throw new CommandError(`no agent server answers at ${endpoint}: ${reasonOf(error)}`, 1, error);
  }
}

/** The engine learns from the listing which types are sync; a server that has no listing has no sync types. */
async function isSyncType(engine: EngineClient, taskType: string, endpoint: string): Promise<boolean> {
  if (engine.execute === undefined) return false;
  const listing = engine.list().catch((error: unknown) => {
    if (codeOf(error) === status.UNIMPLEMENTED) return [];
    throw error;
  });
  const agents = await reached(endpoint, listing);
  return agents.some(({ isSync, taskTypes }) => isSync && taskTypes.includes(taskType));
}

/** The task's inputs: those given here, else those that came with it. */
function toInputs({ template, literals, values }: TaskDefinition, given: Readonly<Record<string, InputValue>>): LiteralMap {
  const declared = [...template.inputs];
  const plain: Readonly<Record<string, InputValue>> = { ...values, ...given };
  const unknown = Object.keys(plain).find((name) => !template.inputs.has(name));
  if (unknown !== undefined) {
    const known = declared.map(([name, { type }]) => `${name}: ${type === undefined ? 'no type' : typeName(type)}`).join(', ');
    throw new UsageError(`input ${unknown}: the task has no such input (${known === '' ? 'it has none' : known})`);
  }
  const named = declared.map(([name, { type }]) => {
    const value = plain[name];
    const literal = value === undefined ? literals.get(name) : type && toLiteral(value, type, name);
    if (literal !== undefined) return [name, literal] as const;
    if (type !== undefined && isOptional(type)) return [name, toLiteral(null, type, name)] as const;
    throw new UsageError(`input ${name}: missing (${type === undefined ? 'of no declared type' : typeName(type)})`);
  });
  return new Map([...literals, ...named]);
}
