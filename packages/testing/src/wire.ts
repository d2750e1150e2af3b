import { callers } from './caller.ts';
import { FaultSchedule, type Fault } from './faults.ts';

/** What an agent asks of a service: to start work, to describe a job, to look for jobs by their key, to stop one. */
export type WorldOperation = 'submit' | 'read' | 'search' | 'cancel';

/** How often each operation reached the service. */
export type CallCounts = Readonly<Record<WorldOperation, number>>;

/** What goes wrong with a request, if anything. */
export type Chaos = (operation: WorldOperation) => Fault<WorldOperation> | undefined;

const slowMs = 5000;

/** The way between the replicas and a fake service: requests take time on it, and go wrong. */
export class Wire {
  latencyMs: () => number = () => 0;
  chaos: Chaos = () => undefined;
  readonly #error: (fault: Fault<WorldOperation>, operation: WorldOperation) => unknown;
  readonly #faults = new FaultSchedule<WorldOperation>();
  readonly #counts: Record<WorldOperation, number> = { submit: 0, read: 0, search: 0, cancel: 0 };
  readonly #waiting: Record<WorldOperation, number> = { submit: 0, read: 0, search: 0, cancel: 0 };

  /** @param error what the service's SDK throws for a fault */
  constructor(error: (fault: Fault<WorldOperation>, operation: WorldOperation) => unknown) {
    this.#error = error;
  }

  /** How many requests came, by operation. */
  get counts(): CallCounts {
    return { ...this.#counts };
  }

  /** How many requests are still waiting for their answer, by operation. */
  get waiting(): CallCounts {
    return { ...this.#waiting };
  }

  fault(fault: Fault<WorldOperation>): void {
    this.#faults.add(fault);
  }

  heal(): void {
    this.#faults.clear();
    this.chaos = () => undefined;
  }

  /** One request. @param work what the service does; told whether it hides what is new */
  async send<Value>(operation: WorldOperation, work: (isHiding: boolean) => Value, signal?: AbortSignal): Promise<Value> {
    this.#counts[operation]++;
    this.#waiting[operation]++;
    try {
      return await unlessAborted(this.#serve(operation, work), signal);
    } finally {
      this.#waiting[operation]--;
    }
  }

  async #serve<Value>(operation: WorldOperation, work: (isHiding: boolean) => Value): Promise<Value> {
    const caller = callers.getStore();
    const isDead = (): boolean => caller?.life.isOver === true;
    if (isDead()) return never();
    const fault = this.#faults.take(operation) ?? this.chaos(operation);
    const isTaken = fault === undefined || !untaken.has(fault.kind);
    const arrived = isTaken ? caller?.life.send(() => callers.run(caller, () => quietly(() => work(false)))) : undefined;
    await travel(this.latencyMs() + (fault?.delayMs ?? (fault?.kind === 'slow' ? slowMs : 0)));
    if (isDead()) return never();
    arrived?.();
    const value = isTaken ? work(fault?.kind === 'hidden') : undefined;
    await travel(this.latencyMs());
    if (isDead() || fault?.kind === 'stall-before' || fault?.kind === 'stall-after') return never();
    if (fault !== undefined && fault.kind !== 'slow' && fault.kind !== 'hidden') throw this.#error(fault, operation);
    // Without a fault, or with one that only takes time, the work was done.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return value as Value;
  }
}

/** Faults whose requests the service never does. */
const untaken: ReadonlySet<Fault['kind']> = new Set<Fault['kind']>(['unavailable', 'throttled', 'refused', 'lost-before', 'stall-before']);

/** Nobody is there any more to hear what came of it. */
function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    return;
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

async function travel(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** An SDK gives up at once when its signal is aborted; what the service took stays taken. */
async function unlessAborted<Value>(answer: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return answer;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
