import type { Inputs } from '../literals/inputs.ts';
import type { TaskExecution, TaskTemplate } from '../task.ts';

/** A task to start (CreateTask) or to do at once (ExecuteTaskSync), free of either protocol's types. */
export interface TaskRequest {
  readonly template: TaskTemplate;
  readonly inputs: Inputs;
  readonly outputPrefix: string;
  readonly execution: TaskExecution;
}

/** A task that was started before: GetTask, DeleteTask, logs and metrics. */
export interface StoredRequest {
  readonly taskType: string;
  /** What create answered, as the engine stored it. */
  readonly reference: Uint8Array;
  /** Empty in deletes. */
  readonly outputPrefix: string;
}
