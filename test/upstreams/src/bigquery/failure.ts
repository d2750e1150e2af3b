/** What BigQuery says is wrong with a request or a job. */
export interface Problem {
  readonly reason: string;
  readonly message: string;
  readonly location?: string;
}

/** An answer that is no success. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.problem = { reason, message };
  }

  /** The body of the answer, as Google's APIs write it. */
  get body(): object {
    const { reason, message } = this.problem;
    return {
      error: { code: this.status, message, errors: [{ domain: 'global', reason, message }], status: words[this.status] ?? 'UNKNOWN' },
    };
  }
}

const words: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** A job that fails while it runs. */
export class JobFailure extends Error {
  readonly problem: Problem;

  constructor(reason: string, message: string) {
    super(message);
    this.problem = { reason, message, location: 'query' };
  }
}

/** What DuckDB could not do, in BigQuery's words. */
export function toJobFailure(error: unknown): JobFailure {
  if (error instanceof JobFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [, kind = '', message = text] = /^(\w+)(?: Input)? Error: (.*)$/s.exec(text) ?? [];
  const [line = ''] = message.split('\n');
  if (kind === 'INTERRUPT') return new JobFailure('stopped', 'Job execution was cancelled: User requested cancellation');
  if (kind === 'Parser') return new JobFailure('invalidQuery', `Syntax error: ${line}`);
  if (kind === 'Catalog' && /does not exist/.test(line)) return new JobFailure('notFound', `Not found: ${line}`);
  return new JobFailure('invalidQuery', line);
}
