import { CallError, grpcEndpoint, TaskRequests, type CallMethod, type Endpoint, type EngineAnswer } from '@flyte-agents/testing';
import type { Replica } from './replica.ts';

/** The engines' own deadline. */
const options = { timeoutMs: 10_000 };
const paths = ['flyte1', 'flyte2', 'flyte1-sync', 'flyte1', 'flyte2'] as const;

/** The engines' calls over and over, through gRPC's own round robin over all replicas; none is repeated when it fails. */
export class Load {
  /** Calls that were not answered as they must be. */
  readonly failures: string[] = [];
  /** How many calls were answered as they must be. */
  readonly answered: Record<CallMethod, number> = { ListAgents: 0, CreateTask: 0, GetTask: 0, DeleteTask: 0, ExecuteTaskSync: 0 };
  readonly #endpoints: readonly Endpoint[];
  readonly #workers: readonly Promise<void>[];
  readonly #over = new AbortController();

  /** @param inFlight how many calls are under way at any time */
  constructor(replicas: readonly Replica[], inFlight: number) {
    const target = replicas.map(({ address }) => address).join(',');
    this.#endpoints = paths.map((path) => grpcEndpoint(target, path));
    this.#workers = Array.from({ length: inFlight }, (_, worker) => this.#work(worker));
  }

  /** How many calls were answered as they must be, of any kind. */
  get answers(): number {
    return Object.values(this.answered).reduce((sum, count) => sum + count, 0);
  }

  /** Lets every task come to its end, and begins no other. */
  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#workers);
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #work(worker: number): Promise<void> {
    const path = paths[worker % paths.length] ?? 'flyte1';
    const endpoint = this.#endpoints[worker % paths.length];
    if (endpoint === undefined) return;
    const requests = new TaskRequests({ type: path === 'flyte1-sync' ? 'e2e_answer' : 'e2e_job' }, path);
    for (let number = 0; !this.#over.signal.aborted; number++) {
      const attempt = { execution: `w${worker}x${number}`, node: 'n0', number: 0 };
      if (path === 'flyte1-sync') {
        await this.#call('ExecuteTaskSync', async () => checked(await endpoint.execute?.(requests, attempt, options), /^SUCCEEDED $/));
        continue;
      }
      const reference = await this.#call('CreateTask', () => endpoint.create(requests, attempt, options));
      if (reference === undefined) continue;
      const stored = { taskType: requests.task.type, reference, outputPrefix: requests.outputPrefix(attempt) };
      await this.#call('GetTask', async () => checked(await endpoint.get(stored, options), /^RUNNING job-\d+ is running$/));
      await this.#call('DeleteTask', () => endpoint.delete(stored, options));
    }
  }

  async #call<Value>(method: CallMethod, call: () => Promise<Value>): Promise<Value | undefined> {
    try {
      const value = await call();
      this.answered[method]++;
      return value;
    } catch (error) {
      this.failures.push(`${method}: ${error instanceof CallError ? `${error.code}: ${error.message}` : String(error)}`);
      return undefined;
    }
  }
}

/** @throws Error when the answer is another, or one from memory because the service could not be asked */
function checked(answer: EngineAnswer | undefined, expected: RegExp): void {
  const text = `${answer?.phase} ${answer?.message}`;
  if (!expected.test(text)) throw new Error(text);
}
