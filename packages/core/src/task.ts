import type { Inputs } from './literals/inputs.ts';
import type { JsonObject, Literal, LiteralType } from './literals/model.ts';
import type { CheckedFetch } from './http/fetch.ts';
import type { IdempotencyKey } from './idempotency.ts';
import type { Logger } from './logger.ts';
import type { Phase } from './phase.ts';
import type { Connection, Secrets } from './secrets.ts';
import type { ReadableStore } from './store/service.ts';

/** A kind of task that an agent serves. Always announced as version 0: the engines keep one version per type. */
export interface TaskType {
  readonly name: string;
}

/** The identity of a registered task. */
export interface TaskId {
  readonly org: string;
  readonly project: string;
  readonly domain: string;
  readonly name: string;
  readonly version: string;
}

/** One attempt of a task in an execution. */
export interface TaskExecution {
  readonly org: string;
  readonly project: string;
  readonly domain: string;
  /** The name of the execution (Flyte 1) or run (Flyte 2); empty in local runs. */
  readonly name: string;
  /** The node id (Flyte 1, not unique in an execution) or action name (Flyte 2). */
  readonly node: string;
  /** 0 for the first attempt, on both versions of Flyte. */
  readonly attempt: number;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Environment variables of the execution, for the job. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A variable of a task's interface. */
export interface Variable {
  readonly type: LiteralType | undefined;
  readonly description: string;
}

/** What a task runs in a container: its arguments come rendered, its command and environment do not. */
export interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Resource names in Flyte's words (`CPU`, `MEMORY`, `GPU`…) and their quantities as Kubernetes writes them. */
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** A registered task, as its author's SDK serialised it, free of either protocol's generated types. */
export interface TaskTemplate {
  readonly id: TaskId;
  readonly type: string;
  readonly typeVersion: number;
  /** The plugin's own settings. All numbers are doubles. */
  readonly custom: JsonObject;
  readonly config: Readonly<Record<string, string>>;
  readonly inputs: ReadonlyMap<string, Variable>;
  readonly outputs: ReadonlyMap<string, Variable>;
  /** The task's own timeout in milliseconds, if it has one. The engine enforces it too. */
  readonly timeoutMs: number | undefined;
  /** How many retries the author asked for. */
  readonly retries: number;
  readonly interruptible: boolean;
  /** The version of the SDK that registered the task. */
  readonly sdkVersion: string;
  readonly container: Container | undefined;
  readonly sql: string | undefined;
}

/** A task that is to be run: its checked config, its inputs and where it comes from. */
export interface Task<Config> {
  readonly template: TaskTemplate;
  /** The template's `custom`, read through the agent's schema. */
  readonly config: Config;
  readonly inputs: Inputs;
  /** The directory of the attempt's outputs, with the attempt as last segment; empty in some local runs. */
  readonly outputPrefix: string;
  readonly execution: TaskExecution;
}

/** A link that Flyte's console shows beside the task. */
export interface LogLink {
  readonly name: string;
  readonly uri: string;
}

/** What is known of a task's work. */
export interface Resource {
  readonly phase: Phase;
  /** Why: shown to the user while the task waits or when it failed. With `FAILED`, the service's own reason. */
  readonly message?: string | undefined;
  /** By name; only with SUCCEEDED. Absent: the engine reads `outputs.pb` at the output prefix if the task declares outputs. */
  readonly outputs?: Readonly<Record<string, Literal>> | undefined;
  readonly links?: readonly LogLink[] | undefined;
  /** Stored with the task's event: cost, usage, ids. No secret. */
  readonly customInfo?: JsonObject | undefined;
}

/** What every call of an agent is given. */
export interface AgentContext {
  /** Ends reads: aborted when the caller is gone or its deadline is near. Do not pass it to a submit. */
  readonly signal: AbortSignal;
  /** When the answer must be ready, in milliseconds since 1970; before the caller's own deadline. */
  readonly deadline: number;
  /** The execution's project and domain: whose credentials to use. Empty for references of the Python agents. */
  readonly project: string;
  readonly domain: string;
  /** The secrets of that project and domain, and those that came with the call. */
  readonly secrets: Secrets;
  /** What Flyte 2 sends with the call out of the task's `custom.configs`; not with the reading of logs and metrics. */
  readonly connection?: Pick<Connection, 'configs'> | undefined;
  /** For every URL that a task or an answer names: only what the operator allows is reached. */
  readonly fetch: CheckedFetch;
  /** What may be read of other objects and files: those below the server's `storeRoots`. */
  readonly store: ReadableStore;
  readonly logger: Logger;
}

/** What `create` and `do` are given. */
export interface CreateContext extends AgentContext {
  /** Names this attempt. Derive the job's name, id or token from it: the same request may come twice. */
  readonly idempotencyKey: IdempotencyKey;
}

/** What `get` is given. */
export interface GetContext extends AgentContext {
  readonly idempotencyKey: IdempotencyKey;
  /** When create answered, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly outputPrefix: string;
}
