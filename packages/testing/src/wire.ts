import { callers } from './caller.ts';
import { delayOf, FaultSchedule, isTaken, slowFaults, type Fault } from './faults.ts';

/** What an agent asks of a service: to start work, to describe a job, to look for jobs by their key, to stop one. */
export type WorldOperation = 'submit' | 'read' | 'search' | 'cancel';

/** How often each operation reached the service. */
export type CallCounts = Readonly<Record<WorldOperation, number>>;

/** What goes wrong with a request, if anything. */
export type Chaos = (operation: WorldOperation) => Fault<WorldOperation> | undefined;

/** The way between the replicas and a fake service: requests take time on it, and go wrong. */
export class Wire {
  latencyMs: () => number = () => 0;
  chaos: Chaos = () => undefined;
  ignoresSignals = false;
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
    this.ignoresSignals = false;
  }

  /** One request. @param work what the service does; told whether it hides what is new */
  async send<Value>(operation: WorldOperation, work: (isHiding: boolean) => Value, signal?: AbortSignal): Promise<Value> {
    this.#counts[operation]++;
    this.#waiting[operation]++;
    try {
      return await unlessAborted(this.#serve(operation, work), this.ignoresSignals ? undefined : signal);
    } finally {
      this.#waiting[operation]--;
    }
  }

  async #serve<Value>(operation: WorldOperation, work: (isHiding: boolean) => Value): Promise<Value> {
    const caller = callers.getStore();
    const isDead = (): boolean => caller?.life.isOver === true;
    if (isDead()) return never();
    const fault = this.#faults.take(operation) ?? this.chaos(operation);
    const takes = fault === undefined || isTaken(fault.kind);
    const arrived = takes ? caller?.life.send(() => callers.run(caller, () => quietly(() => work(false)))) : undefined;
    const delayMs = fault === undefined ? 0 : delayOf(fault);
    const isBodyLate = fault?.kind === 'slow-body';
    await travel(this.latencyMs() + (isBodyLate ? 0 : delayMs));
    if (isDead()) return never();
    arrived?.();
    const value = takes ? work(fault?.kind === 'hidden') : undefined;
    await travel(this.latencyMs() + (isBodyLate ? delayMs : 0));
    if (isDead() || fault?.kind === 'stall-before' || fault?.kind === 'stall-after') return never();
    if (fault !== undefined && !harmless.has(fault.kind)) throw this.#error(fault, operation);
    // Without a fault, or with one that only takes time, the work was done.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return value as Value;
  }
}

/** Faults after which an SDK has an answer that it can read. */
const harmless: ReadonlySet<Fault['kind']> = new Set<Fault['kind']>([...slowFaults, 'hidden']);

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
