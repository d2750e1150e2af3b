/** What the harness prints: one run of it. Times are in milliseconds since its start. */
export interface DriveReport {
  readonly plugin: string;
  readonly endpoint: string;
  readonly task_type?: string;
  /** What Propeller made of the file at the flag `--config`. */
  readonly config?: object;
  /** Whether ListAgents named the task's type. */
  readonly task_type_announced: boolean;
  /** Each as `name/version sync=… agent=…`, or `name (deprecated field) …`. */
  readonly announced_task_types?: readonly string[];
  readonly executions?: readonly ExecutionReport[];
  /** Whether every execution ended with `Success`. */
  readonly ok: boolean;
  readonly wall_ms: number;
  /** The calls but for ListAgents; absent when several copies ran. */
  readonly rpcs?: readonly RecordedCall[];
  /** How many calls ended how: `GetTask OK`. */
  readonly rpc_summary?: Readonly<Record<string, number>>;
}

/** One execution of the task, with its retries. */
export interface ExecutionReport {
  readonly exec: string;
  readonly attempts: readonly AttemptReport[];
  readonly final_phase: string;
}

/** One attempt. */
export interface AttemptReport {
  readonly retry_attempt: number;
  readonly generated_name: string;
  readonly output_prefix: string;
  readonly transitions: readonly Transition[];
  readonly handle_errors?: readonly string[];
  /** In base64; after lost states one for each create. */
  readonly resource_metas_b64?: readonly string[];
  /** Whether all creates answered the same resource_meta; only after lost states. */
  readonly recreate_metas_equal?: boolean;
  readonly persisted_state_bytes: number;
  readonly aborted?: boolean;
  readonly abort_errors?: readonly string[];
  readonly finalize_error?: string;
  /** A `flyteidl.core.ExecutionError`: what Propeller has against the outputs. */
  readonly output_validation_error?: object;
  /** A `flyteidl.core.LiteralMap`. */
  readonly outputs?: object;
  /** `Success`, `PermanentFailure`, `RetryableFailure`, `Aborted` or `SystemError`. */
  readonly final_phase: string;
  readonly timed_out?: boolean;
}

/** A phase that differs from the one before, or in parentheses what happened to Propeller. */
export interface Transition {
  readonly t_ms: number;
  readonly round: number;
  readonly phase: string;
  readonly version: number;
  readonly reason?: string;
  readonly logs?: readonly object[];
  readonly custom_info?: object;
  /** A `flyteidl.core.ExecutionError`. */
  readonly error?: object;
}

/** A call of the plugin's, as the relay saw it. */
export interface RecordedCall {
  readonly seq: number;
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly t_ms: number;
  /** Duration. */
  readonly ms: number;
  /** A gRPC code as Go writes it: `OK`, `Unavailable`. */
  readonly code: string;
  readonly message?: string;
  /** The fault that met it. */
  readonly fault?: string;
  readonly reached_server: boolean;
  readonly deadline_ms?: number;
  /** The requests in protobuf JSON. */
  readonly req?: readonly object[];
  /** The responses in protobuf JSON. */
  readonly res?: readonly RecordedResponse[];
  readonly req_bytes: number;
  readonly res_bytes: number;
}

/** What tests read of the responses: of GetTask, ExecuteTaskSync and CreateTask. */
export interface RecordedResponse {
  readonly resource?: RecordedResource;
  readonly header?: { readonly resource?: RecordedResource };
  readonly resourceMeta?: string;
}

/** A `flyteidl.admin.Resource`. */
export interface RecordedResource {
  /** A name; a number if Propeller does not know it; absent for `UNDEFINED`. */
  readonly phase?: string | number;
  readonly message?: string;
  readonly logLinks?: readonly object[];
  readonly outputs?: object;
  readonly customInfo?: object;
}
