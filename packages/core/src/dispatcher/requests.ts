import type { Inputs } from '../literals/inputs.ts';
import type { Connection } from '../secrets.ts';
import type { TaskExecution, TaskTemplate } from '../task.ts';

/** A task to start (CreateTask) or to do at once (ExecuteTaskSync), free of either protocol's types. */
export interface TaskRequest {
  readonly template: TaskTemplate;
  readonly inputs: Inputs;
  readonly outputPrefix: string;
  readonly execution: TaskExecution;
  /** Only from Flyte 2. */
  readonly connection?: Connection | undefined;
}

/** A task that was started before: GetTask, DeleteTask, logs and metrics. */
export interface StoredRequest {
  readonly taskType: string;
  /** What create answered, as the engine stored it. */
  readonly reference: Uint8Array;
  /** Empty in deletes. */
  readonly outputPrefix: string;
  /** Only from Flyte 2, and not when logs or metrics are asked for. */
  readonly connection?: Connection | undefined;
}
