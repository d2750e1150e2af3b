import { AgentError, type CheckedFetch, type FetchResponse } from '@flyte-agents/core';
import { faultStatus, World, type Fault } from '@flyte-agents/testing';
import { HttpSensor } from '../http.ts';

/** The URL that the sensor asks. */
export const url = 'https://api.example.com/state';

/** A document on the web, behind the core's fetch. */
export class WebWorld extends World {
  #state = 'running';

  agent(): HttpSensor {
    const fetch: CheckedFetch = (_url, { signal } = {}) => this.call('read', () => answer(200, { state: this.#state }), signal).catch(asAnswer);
    return new HttpSensor({ fetch });
  }

  override finish(): void {
    this.#state = 'done';
  }

  /** What the core's fetch throws, or the answer that it gives for a service that refuses. */
  override error({ kind }: Fault): Error {
    const status = faultStatus(kind);
    if (status !== undefined) return Object.assign(new Error(`status ${status}`), { status });
    return new AgentError({ code: 'UNAVAILABLE', message: 'fetch from api.example.com: the connection was cut off' });
  }
}

/** A refusal is an answer as any other for a fetch. */
function asAnswer(error: unknown): FetchResponse {
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') return answer(error.status, 'no');
  throw error;
}

function answer(status: number, body: unknown): FetchResponse {
  const text = (): string => JSON.stringify(body);
  return { url, status, headers: new Map(), body: Buffer.from(text()), isCut: false, elapsedMs: 1, text, json: () => body };
}
