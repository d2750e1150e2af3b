/**
 * How many jobs one attempt of a task may start.
 *
 * - `once`: one, whatever happens.
 * - `atLeastOnce`: one; another only when two creates of the attempt were under way at the same time, so that neither could
 *   see the other's job.
 * - `bestEffort`: at most one per create. A job whose answer was lost may go on without a task.
 */
export type Guarantee = 'once' | 'atLeastOnce' | 'bestEffort';
