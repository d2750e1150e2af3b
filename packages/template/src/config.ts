import type { Schema } from '@flyte-agents/core';
import { z } from 'zod';

/** A task's settings: what its author put into `custom`. */
export interface JobConfig {
  readonly command: string;
  /** Default `default`. */
  readonly queue: string;
}

/** What the engine stores of a job: enough to find it, no secret. A type, not an interface: it is JSON. */
export type JobRef = { readonly id: string };

/** Reads the settings. Keys it does not know have no effect; the server warns of them. */
export const jobConfig: Schema<JobConfig> = z.looseObject({
  command: z.string().min(1),
  queue: z.string().min(1).default('default'),
});

/** Reads the stored reference. */
export const jobRef: Schema<JobRef> = z.object({ id: z.string().min(1) });
