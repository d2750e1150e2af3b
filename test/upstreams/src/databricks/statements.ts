import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { StableIds } from '../stable-ids.ts';
import { Refusal, type Body } from './answer.ts';

interface Statement {
  readonly id: string;
  readonly body: Body;
  readonly startedAt: number;
  cancelledAt: number | undefined;
}

/** A warehouse: SQLite, whose statements take their time. */
export class Statements {
  readonly #database = new DatabaseSync(':memory:');
  readonly #statements = new Map<string, Statement>();
  readonly #ids = new StableIds();
  readonly #runningMs: number;

  constructor(runningMs: number) {
    this.#runningMs = runningMs;
  }

  get count(): number {
    return this.#statements.size;
  }

  /** Waits for the statement as long as it is told to. */
  async execute(body: Body): Promise<Body> {
    const statement: Statement = { id: this.#ids.next(String(body['statement'])), body, startedAt: Date.now(), cancelledAt: undefined };
    this.#statements.set(statement.id, statement);
    const [, seconds = '10'] = /^(\d+)s$/.exec(String(body['wait_timeout'])) ?? [];
    await setTimeout(Math.min(Number(seconds) * 1000, this.#runningMs));
    return this.get(statement.id);
  }

  get(id: string): Body {
    const statement = this.#statement(id);
    if (statement.cancelledAt !== undefined) return { statement_id: id, status: { state: 'CANCELED' } };
    const elapsed = Date.now() - statement.startedAt;
    if (elapsed < this.#runningMs) return { statement_id: id, status: { state: elapsed < this.#runningMs / 2 ? 'PENDING' : 'RUNNING' } };
    return { statement_id: id, ...this.#run(statement.body) };
  }

  cancel(id: string): Body {
    const statement = this.#statement(id);
    statement.cancelledAt ??= Date.now() - statement.startedAt < this.#runningMs ? Date.now() : undefined;
    return {};
  }

  history(): Body {
    return { res: [...this.#statements.values()].toReversed().map(({ id, body }) => ({ query_id: id, query_text: body['statement'] })) };
  }

  #statement(id: string): Statement {
    const statement = this.#statements.get(id);
    if (statement === undefined) throw new Refusal(404, 'NOT_FOUND', `The statement ${id} was not found.`);
    return statement;
  }

  #run({ statement, parameters }: Body): Body {
    try {
      const prepared = this.#database.prepare(String(statement));
      const rows = prepared.all(Object.fromEntries(toValues(parameters)));
      const columns = prepared.columns().map(({ name }) => ({ name, type_name: 'STRING' }));
      const data = rows.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
      return {
        status: { state: 'SUCCEEDED' },
        manifest: { schema: { columns }, total_row_count: rows.length },
        result: { data_array: data.slice(0, 2) },
      };
    } catch (error) {
      return {
        status: { state: 'FAILED', error: { error_code: 'BAD_REQUEST', message: error instanceof Error ? error.message : String(error) } },
      };
    }
  }
}

function toValues(parameters: unknown): readonly (readonly [string, SQLInputValue])[] {
  if (!Array.isArray(parameters)) return [];
  return parameters.map(({ name, value, type }: { readonly name: string; readonly value?: string; readonly type: string }) => [
    `:${name}`,
    value === undefined ? null : type === 'BIGINT' ? BigInt(value) : type === 'DOUBLE' ? Number(value) : value,
  ]);
}
