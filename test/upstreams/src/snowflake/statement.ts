import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Rows, RunningStatement } from './database.ts';

/** What a submit asks for. */
export interface StatementBody {
  readonly statement: string;
  readonly bindings?: Readonly<Record<string, { readonly value: string | null }>>;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** How long statements wait and run at least, in milliseconds. */
export interface Pace {
  readonly pendingMs: number;
  readonly runningMs: number;
}

/** How many rows the partitions of results have. */
const partitionRows = 1000;

/** A statement that the server took. Tests may say how it stands. */
export class Statement {
  readonly handle: string;
  readonly requestId: string;
  readonly body: StatementBody;
  /** In the words of a session: `QUEUED`, `RUNNING`, `SUCCESS`… */
  state = 'QUEUED';
  /** What the SQL API answers beside the state. */
  answer: object = {};
  /** The rows of the result's partitions after the first one, which is in the answer. */
  partitions: readonly Rows[] = [];
  #running: RunningStatement | undefined;

  constructor(requestId: string, body: StatementBody, handle: string = randomUUID()) {
    this.requestId = requestId;
    this.body = body;
    this.handle = handle;
  }

  get tag(): string {
    return this.body.parameters?.['QUERY_TAG'] ?? '';
  }

  get isOver(): boolean {
    return this.state === 'SUCCESS' || this.state === 'ABORTED' || this.state.startsWith('FAILED');
  }

  /** Waits, runs the SQL for real, and ends. */
  async run(database: Database, { pendingMs, runningMs }: Pace): Promise<void> {
    await sleep(pendingMs);
    if (this.isOver) return;
    this.state = 'RUNNING';
    const [, seconds] = /^CALL SYSTEM\$WAIT\((\d+)\)$/.exec(this.body.statement) ?? [];
    const bindings = Object.values(this.body.bindings ?? {}).map(({ value }) => value);
    try {
      this.#running = seconds === undefined ? await database.start(this.body.statement, bindings) : waiting(Number(seconds));
      const [result] = await Promise.all([this.#running.result, sleep(runningMs)]);
      const [data = [], ...others] = inPartitions(result.data);
      const partitionInfo = [data, ...others].map((rows) => ({ rowCount: rows.length, uncompressedSize: JSON.stringify(rows).length }));
      this.partitions = others;
      this.#end('SUCCESS', { resultSetMetaData: { ...result.resultSetMetaData, partitionInfo }, data });
    } catch (error) {
      const message = `SQL compilation error: ${error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown'}`;
      this.#end('FAILED_WITH_ERROR', { code: '000904', sqlState: '42000', message });
    }
  }

  cancel(): void {
    this.#end('ABORTED', { code: '000604', sqlState: '57014', message: 'SQL execution canceled' });
    this.#running?.interrupt();
  }

  #end(state: string, answer: object): void {
    if (!this.isOver) Object.assign(this, { state, answer });
  }
}

function inPartitions(rows: Rows): readonly Rows[] {
  return Array.from({ length: Math.ceil(rows.length / partitionRows) }, (_rows, number) =>
    rows.slice(number * partitionRows, (number + 1) * partitionRows),
  );
}

/** `SYSTEM$WAIT`, which DuckDB does not have. */
function waiting(seconds: number): RunningStatement {
  const stop = new AbortController();
  const rowType = [{ name: 'SYSTEM$WAIT', type: 'text' }];
  const result = sleep(
    seconds * 1000,
    { resultSetMetaData: { numRows: 1, rowType }, data: [[`waited ${seconds} seconds`]] },
    { signal: stop.signal },
  );
  return { result, interrupt: () => stop.abort() };
}
