import { AgentError, fromHttpStatus } from '@flyte-agents/core';
import { z } from 'zod';

const jobView = z.object({ id: z.string(), state: z.string() });
const found = z.object({ job: jobView.nullable() });
const answerView = z.object({ answer: z.string() });

/** A job as the service shows it. */
export type JobView = z.infer<typeof jobView>;

/** The header that tells the service which process asks. */
export const replicaHeader = 'x-replica';

interface Request {
  readonly method?: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** Talks HTTP to the job service of the tests. */
export class JobClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Starts a job, or finds the one that has the token. */
  async submit(token: string, outputPrefix: string): Promise<JobView> {
    return this.#ask('/jobs', jobView, { method: 'POST', body: { token, outputPrefix } });
  }

  async describe(id: string, signal: AbortSignal): Promise<JobView> {
    return this.#ask(`/jobs/${id}`, jobView, { signal });
  }

  async byToken(token: string, signal: AbortSignal): Promise<JobView | undefined> {
    return (await this.#ask(`/jobs?token=${token}`, found, { signal })).job ?? undefined;
  }

  /** A job that has ended stays as it is. */
  async cancel(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask(`/jobs/${id}`, jobView, { method: 'DELETE', signal });
  }

  /** Work that is done within one request. */
  async answer(signal: AbortSignal): Promise<string> {
    return (await this.#ask('/answers', answerView, { method: 'POST', signal })).answer;
  }

  async #ask<Value>(path: string, schema: z.ZodType<Value>, { method = 'GET', body, signal }: Request): Promise<Value> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { [replicaHeader]: String(process.pid) },
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      throw new AgentError({ code: 'UNAVAILABLE', message: `${method} ${path}: the connection broke`, cause: error });
    });
    if (!response.ok)
      throw new AgentError({ code: fromHttpStatus(response.status), message: `${method} ${path}: HTTP ${response.status}` });
    return schema.parse(await response.json());
  }
}
