import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import { AcmeAgent } from '../agent.ts';
import type { Connect, Job, JobRequest } from '../client.ts';
import { AcmeError } from '../errors.ts';

/** Acme in memory. */
export class AcmeWorld extends World<JobRequest> {
  readonly #apiToken = this.canaries.make('api token');
  override readonly secrets = { ACME_TOKEN: this.#apiToken };

  agent(): AcmeAgent {
    return new AcmeAgent({ connect: this.connect });
  }

  readonly connect: Connect = () => ({
    submit: (token, request) => this.call('submit', () => view(this.byKey(token)[0] ?? this.submit(token, request))),
    describe: (id, signal) => this.call('read', () => view(this.job(id)), signal),
    byToken: (token, signal) => this.call('search', () => this.byKey(token).map(view)[0], signal),
    cancel: (id) => this.call('cancel', () => this.cancel(id)),
  });

  /** Acme repeats the token that it was given. */
  protected override error({ kind, retryAfterMs }: Fault): AcmeError {
    const status = faultStatus(kind);
    return new AcmeError(`${kind} (${this.#apiToken})`, { status, retryAfterMs });
  }
}

const states: Readonly<Record<JobState, string>> = {
  waiting: 'QUEUED',
  running: 'RUNNING',
  succeeded: 'DONE',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
  unknown: 'DREAMING',
};

function view(job: WorldJob | undefined): Job {
  if (job === undefined) throw new AcmeError('no such job', { status: 404 });
  const { id, state, hasStarted } = job;
  return { id, state: states[state], hasStarted, ...(state === 'failed' && { reason: 'exit code 1', exitCode: 1 }) };
}
