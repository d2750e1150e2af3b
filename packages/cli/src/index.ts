export { runTask } from './run-task.ts';
export type { RunTarget, RunTaskOptions, RunTaskSettings } from './run-task.ts';
export type { Protocol, TaskPhase } from './engine/client.ts';
export type { TaskProgress, TaskResult } from './engine/run.ts';
export type { InputValue } from './inputs/value.ts';
export { readTaskFile } from './task/file.ts';
export type { TaskSource } from './task/source.ts';
export type { DocumentObject, DocumentValue } from './document.ts';
export { CommandError, UsageError } from './errors.ts';
