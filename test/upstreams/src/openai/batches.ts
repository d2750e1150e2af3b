import { randomUUID } from 'node:crypto';
import { StableIds } from '../stable-ids.ts';
import { notFound, Refusal } from './failure.ts';
import { seconds, type Json, type Models } from './models.ts';

interface Kept {
  readonly request: Json;
  readonly id: string;
  readonly at: number;
  readonly lines: readonly Line[];
  cancelledAt: number | undefined;
  files: { readonly output: string | null; readonly error: string | null } | undefined;
}

interface Line {
  readonly number: number;
  /** `undefined`: it is not JSON. */
  readonly request: { readonly custom_id: string; readonly url: string; readonly body: Json } | undefined;
}

/** Files and batches. Each state of a batch takes a step. */
export class Batches {
  readonly #models: Models;
  readonly #ids = new StableIds();
  readonly #stepMs: number;
  readonly #files = new Map<string, string>();
  readonly #kept: Kept[] = [];

  constructor(models: Models, stepMs: number) {
    this.#models = models;
    this.#stepMs = stepMs;
  }

  putFile(content: string, id: string = `file-${randomUUID()}`): string {
    this.#files.set(id, content);
    return id;
  }

  /** `POST /v1/files` */
  upload(name: string, content: string): Json {
    const id = this.putFile(content);
    return {
      id,
      object: 'file',
      bytes: Buffer.byteLength(content),
      created_at: seconds(),
      filename: name,
      purpose: 'batch',
      status: 'processed',
    };
  }

  /** `GET /v1/files/{id}/content` @throws Refusal */
  content(id: string): string {
    const content = this.#files.get(id);
    if (content === undefined) throw notFound('file', id);
    return content;
  }

  /** `POST /v1/batches`: each one is another, whatever its Idempotency-Key. @throws Refusal */
  create(request: Json): Json {
    const file = String(request['input_file_id']);
    if (!this.#files.has(file))
      throw new Refusal(400, `Invalid input_file_id: no file found with id '${file}'.`, { code: 'invalid_input_file' });
    const { endpoint, metadata } = request;
    if (!['/v1/chat/completions', '/v1/responses', '/v1/embeddings'].includes(String(endpoint)))
      throw new Refusal(400, `Invalid value: '${String(endpoint)}'.`);
    if (Object.keys(metadata ?? {}).length > 16) throw new Refusal(400, "Invalid 'metadata': too many properties.");
    const kept: Kept = {
      request,
      id: `batch_${this.#ids.next(file)}`,
      at: Date.now(),
      lines: toLines(this.content(file)),
      cancelledAt: undefined,
      files: undefined,
    };
    this.#kept.unshift(kept);
    return this.#view(kept);
  }

  /** `GET /v1/batches/{id}` @throws Refusal */
  read(id: string): Json {
    return this.#view(this.#find(id));
  }

  /** `GET /v1/batches`, latest first. */
  list(after: string | null, limit: number): Json {
    const from = this.#kept.findIndex(({ id }) => id === after) + 1;
    const data = this.#kept.slice(from, from + limit).map((kept) => this.#view(kept));
    return {
      object: 'list',
      data,
      first_id: data[0]?.['id'] ?? null,
      last_id: data.at(-1)?.['id'] ?? null,
      has_more: from + limit < this.#kept.length,
    };
  }

  /** `POST /v1/batches/{id}/cancel` @throws Refusal */
  cancel(id: string): Json {
    const kept = this.#find(id);
    const status = this.#statusOf(kept);
    if (!['validating', 'in_progress', 'finalizing'].includes(status))
      throw new Refusal(409, `Cannot cancel a batch with status '${status}'.`);
    kept.cancelledAt = Date.now();
    return this.#view(kept);
  }

  #find(id: string): Kept {
    const kept = this.#kept.find((each) => each.id === id);
    if (kept === undefined) throw notFound('batch', id);
    return kept;
  }

  #statusOf({ at, lines, cancelledAt }: Kept): string {
    if (cancelledAt !== undefined) return Date.now() - cancelledAt < this.#stepMs ? 'cancelling' : 'cancelled';
    const steps = Math.floor((Date.now() - at) / this.#stepMs);
    if (steps >= 1 && lines.some(({ request }) => request === undefined)) return 'failed';
    return ['validating', 'in_progress', 'finalizing'][steps] ?? 'completed';
  }

  #view(kept: Kept): Json {
    const { request, id, at, lines } = kept;
    const { endpoint, completion_window, metadata = null, input_file_id } = request;
    const status = this.#statusOf(kept);
    const hasStarted = !['validating', 'failed'].includes(status);
    const { output, error } = status === 'completed' ? this.#work(kept) : { output: null, error: null };
    const failed = error === null ? 0 : this.content(error).split('\n').length;
    const done = status === 'completed' || status === 'finalizing' ? lines.length - failed : 0;
    const invalid = status === 'failed' ? lines.filter((line) => line.request === undefined) : [];
    const errors = invalid.map(({ number }) => ({
      code: 'invalid_json_line',
      message: 'This line is not parseable as valid JSON.',
      param: null,
      line: number,
    }));
    return {
      id,
      object: 'batch',
      endpoint,
      input_file_id,
      completion_window,
      metadata,
      status,
      errors: errors.length === 0 ? null : { object: 'list', data: errors },
      output_file_id: output,
      error_file_id: error,
      created_at: Math.floor(at / 1000),
      in_progress_at: hasStarted ? Math.floor((at + this.#stepMs) / 1000) : null,
      expires_at: Math.floor(at / 1000) + 86_400,
      completed_at: status === 'completed' ? seconds() : null,
      failed_at: status === 'failed' ? seconds() : null,
      cancelled_at: status === 'cancelled' ? seconds() : null,
      request_counts: { total: hasStarted ? lines.length : 0, completed: done, failed },
    };
  }

  /** Answers every line, once. */
  #work(kept: Kept): NonNullable<Kept['files']> {
    const answered = kept.files ?? this.#answer(kept);
    kept.files = answered;
    return answered;
  }

  #answer({ lines }: Kept): NonNullable<Kept['files']> {
    const [good, bad]: [string[], string[]] = [[], []];
    for (const { request } of lines) {
      if (request === undefined) continue;
      const { custom_id, url, body } = request;
      try {
        const answer =
          url === '/v1/embeddings'
            ? this.#models.embed(body)
            : url === '/v1/responses'
              ? this.#models.respond(body)
              : this.#models.complete(body);
        good.push(
          JSON.stringify({ id: `batch_req_${randomUUID()}`, custom_id, response: { status_code: 200, body: answer }, error: null }),
        );
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        bad.push(
          JSON.stringify({
            id: `batch_req_${randomUUID()}`,
            custom_id,
            response: { status_code: error.status, body: error.body },
            error: null,
          }),
        );
      }
    }
    const toFile = (entries: readonly string[]): string | null => (entries.length === 0 ? null : this.putFile(entries.join('\n')));
    return { output: toFile(good), error: toFile(bad) };
  }
}

function toLines(content: string): readonly Line[] {
  const lines = content.split('\n').map((text, index) => ({ text, number: index + 1 }));
  return lines.filter(({ text }) => text.trim() !== '').map(({ text, number }) => ({ number, request: parse(text) }));
}

function parse(text: string): Line['request'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
