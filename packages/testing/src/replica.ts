import {
  AgentError,
  AgentRegistry,
  Call,
  Dispatcher,
  Metrics,
  SecretSource,
  type DispatcherOptions,
  type Logger,
  type Resource,
  type StoredRequest,
  type TaskRequest,
} from '@flyte-agents/core';
import { callers, Life, type EngineMethod } from './caller.ts';
import { CallError, type EngineAnswer, type Endpoint, type EndpointOptions, type ListedAgent, type StoredTask } from './engine/endpoint.ts';
import { RecordingLogger } from './recording-logger.ts';
import type { World } from './world.ts';

/** What a replica is made of. */
export interface ReplicaOptions {
  readonly world: World;
  readonly address?: string | undefined;
  readonly logger?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
  /** Where results of sync agents go that do not fit into a reference. Default: nowhere that anybody looks. */
  readonly writeOutputs?: DispatcherOptions['writeOutputs'];
  /** For how long a fault that does not pass by itself is borne before a task fails, in milliseconds. Default: one hour. */
  readonly unreachableAfterMs?: number | undefined;
}

/** A call of the engine to a replica in this process. */
export interface ReplicaCall {
  /** Names the attempt that the call is about. */
  readonly attempt: string;
  /** The caller's deadline, in milliseconds from now. */
  readonly timeoutMs: number;
  /** The caller hangs up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A server without a socket: everything below the protocol adapters, in this process, so that virtual time moves it. It can be
 * killed, and what it was doing ends there.
 */
export class Replica {
  readonly address: string;
  readonly life: Life = new Life();
  readonly registry: AgentRegistry;
  readonly metrics: Metrics;
  readonly #dispatcher: Dispatcher;

  constructor(options: ReplicaOptions) {
    const { world, address = 'replica', logger = new RecordingLogger(), metrics = new Metrics() } = options;
    const { writeOutputs = async () => {}, unreachableAfterMs } = options;
    this.address = address;
    this.metrics = metrics;
    this.registry = new AgentRegistry([world.agent()]);
    this.#dispatcher = new Dispatcher({
      registry: this.registry,
      logger,
      metrics,
      // Virtual time does not wait for files.
      secrets: new SecretSource(world.secrets, { files: false }),
      writeOutputs,
      unreachableAfterMs,
    });
  }

  /** @throws CallError */
  create(request: TaskRequest, options: ReplicaCall): Promise<Uint8Array> {
    return this.#called('create', options, (call) => this.#dispatcher.create(request, call));
  }

  /** @throws CallError never, unless the replica is killed */
  get(request: StoredRequest, options: ReplicaCall): Promise<Resource> {
    return this.#called('get', options, (call) => this.#dispatcher.get(request, call));
  }

  /** @throws CallError */
  delete(request: StoredRequest, options: ReplicaCall): Promise<void> {
    return this.#called('delete', options, (call) => this.#dispatcher.delete(request, call));
  }

  /** @throws CallError */
  execute(request: TaskRequest, options: ReplicaCall): Promise<Resource> {
    return this.#called('execute', options, (call) => this.#dispatcher.execute(request, call));
  }

  /** Ends it in the middle of everything. @param isTaken whether services still take what it had sent */
  kill(isTaken: boolean = true): void {
    this.life.end(new CallError('UNAVAILABLE', `${this.address} was killed`), isTaken);
  }

  async #called<Value>(
    method: EngineMethod,
    { attempt, timeoutMs, signal }: ReplicaCall,
    work: (call: Call) => Promise<Value>,
  ): Promise<Value> {
    const { life } = this;
    if (life.isOver) throw new CallError('UNAVAILABLE', `${this.address} is gone`, { isUnsent: true });
    const since = Date.now();
    const call = new Call(since + timeoutMs);
    const { promise: gaveUp, reject } = Promise.withResolvers<never>();
    const giveUp = (code: string): void => {
      call.cancel();
      reject(new CallError(code, `the engine gave up ${method}`));
    };
    const late = setTimeout(giveUp, timeoutMs, 'DEADLINE_EXCEEDED');
    const hangUp = (): void => giveUp('CANCELLED');
    signal?.addEventListener('abort', hangUp, { once: true });
    try {
      const answer = callers.run({ method, attempt, since, life }, () => work(call));
      return await Promise.race([answer, gaveUp, life.death]);
    } catch (error) {
      if (AgentError.is(error)) throw new CallError(error.code, error.message, { cause: error });
      throw error;
    } finally {
      call.end();
      clearTimeout(late);
      signal?.removeEventListener('abort', hangUp);
    }
  }
}

/** A replica in this process, as the fake engine sees a server. */
export function replicaEndpoint(replica: () => Replica, isFlyte2: boolean): Endpoint {
  const get = async (task: StoredTask, options: EndpointOptions): Promise<EngineAnswer> =>
    toAnswer(await replica().get(task, toCall(task.outputPrefix, options)));
  const endpoint: Endpoint = {
    address: replica().address,
    list: async () => {
      const { registry } = replica();
      return registry.agents.map((agent): ListedAgent => ({
        name: agent.name,
        isSync: registry.isSync(agent) && !isFlyte2,
        taskTypes: registry.taskTypes(agent).map((name) => ({ name, version: 0 })),
      }));
    },
    create: (requests, attempt, options) => replica().create(requests.neutral(attempt), toCall(requests.outputPrefix(attempt), options)),
    get,
    delete: (task, options) => replica().delete({ ...task, outputPrefix: '' }, toCall(task.outputPrefix, options)),
    close: () => {},
  };
  if (isFlyte2) return endpoint;
  return {
    ...endpoint,
    execute: async (requests, attempt, options) =>
      toAnswer(await replica().execute(requests.neutral(attempt), toCall(requests.outputPrefix(attempt), options))),
  };
}

function toCall(attempt: string, { timeoutMs, signal }: EndpointOptions): ReplicaCall {
  return { attempt, timeoutMs, signal };
}

function toAnswer({ phase, message = '', outputs, links = [], customInfo }: Resource): EngineAnswer {
  return { phase, message, outputs: outputs && new Map(Object.entries(outputs)), links, customInfo };
}
