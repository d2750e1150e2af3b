import { StableIds } from '../stable-ids.ts';
import { notFound, Refusal } from './failure.ts';
import { seconds, type Json, type Models } from './models.ts';

interface Kept {
  readonly request: Json;
  readonly id: string;
  readonly at: number;
  readonly end: Json;
  cancelled: boolean;
}

/** Responses, which are kept. Those in the background wait for a while, then work for a while. */
export class Responses {
  readonly #models: Models;
  readonly #ids = new StableIds();
  readonly #stepMs: number;
  readonly #kept = new Map<string, Kept>();

  constructor(models: Models, stepMs: number) {
    this.#models = models;
    this.#stepMs = stepMs;
  }

  /** `POST /v1/responses` @throws Refusal */
  create(request: Json): Json {
    const id = `resp_${this.#ids.next(JSON.stringify(request['input']))}`;
    const kept = { request, id, at: Date.now(), end: this.#models.respond(request), cancelled: false };
    this.#kept.set(kept.id, kept);
    return this.#view(kept);
  }

  /** `GET /v1/responses/{id}` @throws Refusal */
  read(id: string): Json {
    return this.#view(this.#find(id));
  }

  /** `POST /v1/responses/{id}/cancel` @throws Refusal */
  cancel(id: string): Json {
    const kept = this.#find(id);
    if (kept.request['background'] !== true) throw new Refusal(400, 'Only responses created with background=true can be cancelled.');
    if (['queued', 'in_progress'].includes(this.#statusOf(kept))) kept.cancelled = true;
    return this.#view(kept);
  }

  #find(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw notFound('response', id);
    return kept;
  }

  #statusOf({ request, at, cancelled }: Kept): 'queued' | 'in_progress' | 'cancelled' | 'ended' {
    if (cancelled) return 'cancelled';
    const steps = (Date.now() - at) / this.#stepMs;
    if (request['background'] !== true || steps >= 3) return 'ended';
    return steps < 1 ? 'queued' : 'in_progress';
  }

  #view(kept: Kept): Json {
    const { request, id, at, end } = kept;
    const status = this.#statusOf(kept);
    const { model, background = false, metadata = {}, text = { format: { type: 'text' } }, previous_response_id = null } = request;
    const head = {
      id,
      object: 'response',
      created_at: Math.floor(at / 1000),
      model,
      background,
      metadata,
      text,
      previous_response_id,
      error: null,
    };
    return status === 'ended'
      ? { ...head, completed_at: seconds(), ...end }
      : { ...head, status, incomplete_details: null, output: [], usage: null };
  }
}
