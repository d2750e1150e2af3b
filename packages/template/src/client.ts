import { toRetryAfterMs } from '@flyte-agents/core';
import { z } from 'zod';
import { AcmeError } from './errors.ts';

/** What the agent asks of Acme. Errors are {@link AcmeError}s. */
export interface AcmeClient {
  /** Takes a job. The same token gives the same job. Has no signal: a submit is never given up half-way. */
  submit(token: string, job: JobRequest): Promise<Job>;
  describe(id: string, signal: AbortSignal): Promise<Job>;
  byToken(token: string, signal: AbortSignal): Promise<Job | undefined>;
  cancel(id: string): Promise<void>;
}

/** A job to be done. */
export interface JobRequest {
  readonly command: string;
  readonly queue: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** What Acme says of a job: only what the agent reads. */
export interface Job {
  readonly id: string;
  readonly state: string;
  readonly hasStarted: boolean;
  readonly reason?: string | null | undefined;
  readonly exitCode?: number | null | undefined;
}

/** Makes a client from an API token. */
export type Connect = (apiToken: string) => AcmeClient;

interface Options {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

const job = z.object({
  id: z.string(),
  state: z.string(),
  hasStarted: z.boolean().nullish().transform(Boolean),
  reason: z.string().nullish(),
  exitCode: z.int().nullish(),
});
const jobs = z.array(job);
const refusal = z.object({ message: z.string().nullish() });

/** Acme's REST API at `ACME_URL`. Where a service has an SDK, its client is here instead, with the SDK's own retries off. */
export const connect: Connect = (apiToken) => {
  const base = process.env['ACME_URL'] ?? 'https://api.acme.example';
  const ask = async (path: string, { headers, ...options }: Options = {}): Promise<unknown> => {
    const all = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json', ...headers };
    try {
      const response = await fetch(new URL(path, base), { ...options, headers: all });
      if (response.ok) return await response.json();
      const { message } = read(refusal, await response.json().catch(() => ({})));
      throw new AcmeError(message ?? response.statusText, {
        status: response.status,
        retryAfterMs: toRetryAfterMs(response.headers.get('retry-after')),
      });
    } catch (error) {
      if (error instanceof AcmeError) throw error;
      throw new AcmeError('the connection broke, or the answer could not be read', { cause: error });
    }
  };
  return {
    async submit(token, request) {
      return toJob(await ask('jobs', { method: 'POST', headers: { 'idempotency-key': token }, body: JSON.stringify(request) }));
    },
    async describe(id, signal) {
      return toJob(await ask(`jobs/${encodeURIComponent(id)}`, { signal }));
    },
    async byToken(token, signal) {
      return read(jobs, await ask(`jobs?token=${encodeURIComponent(token)}`, { signal }))[0];
    },
    async cancel(id) {
      await ask(`jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });
    },
  };
};

function toJob(answer: unknown): Job {
  return read(job, answer);
}

function read<Value>(schema: z.ZodType<Value>, answer: unknown): Value {
  const { success, data, error } = schema.safeParse(answer);
  if (success) return data;
  throw new AcmeError('the answer is not one that this agent knows', { cause: error });
}
