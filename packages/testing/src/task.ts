import { create, fromBinary, type JsonObject as ProtobufJson, type MessageInitShape } from '@bufbuild/protobuf';
import {
  encodeLiterals,
  fromTemplateMessage,
  Inputs,
  type Connection,
  type JsonObject,
  type Literal,
  type TaskExecution,
  type TaskRequest,
} from '@flyte-agents/core';
import {
  CreateTaskRequestSchema,
  LiteralMapSchema,
  ResourceType,
  SimpleType,
  TaskTemplateSchema,
  type CreateTaskRequest,
  type LiteralMap,
  type TaskTemplate,
} from '@flyte-agents/proto/flyte1';

/** A task as its author would register it. */
export interface TestTask {
  readonly type: string;
  /** The plugin's own settings. */
  readonly custom?: JsonObject;
  readonly inputs?: Readonly<Record<string, Literal>>;
  /** What it gives when all goes well. The task declares outputs of these names. */
  readonly outputs?: Readonly<Record<string, Literal>>;
  /** What Flyte 2 sends with every call for it; Flyte 1 has nothing of the kind. Default: a connection with nothing in it. */
  readonly connection?: Connection;
  /** Environment variables of its execution. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Everything else of the template, as Flyte 1's message says it: `target`, `config`, `metadata`… */
  readonly template?: TemplateInit;
}

/** The fields of Flyte 1's template, none of them required. */
export type TemplateInit = Exclude<MessageInitShape<typeof TaskTemplateSchema>, TaskTemplate>;

/** By which of the engines' ways a task comes: Flyte 1's calls for async or for sync agents, or Flyte 2's. */
export type Path = 'flyte1' | 'flyte1-sync' | 'flyte2';

/** One attempt of a task in an execution. */
export interface Attempt {
  /** The name of the execution or run. */
  readonly execution: string;
  /** The node's id or the action's name. */
  readonly node: string;
  /** Counts from 0, on both versions of Flyte. */
  readonly number: number;
}

/** Project and domain of every test execution. */
const tenant = { project: 'flytesnacks', domain: 'development' } as const;

/** The requests that the engines make of a task. */
export class TaskRequests {
  readonly task: TestTask;
  readonly path: Path;
  readonly #folder: string;
  readonly #template: TaskTemplate;
  readonly #neutral: TaskRequest['template'];
  readonly #inputs: LiteralMap;

  /** @param folder the URL below which the outputs of executions are */
  constructor(task: TestTask, path: Path, folder: string = 's3://flyte-data/metadata') {
    this.task = task;
    this.path = path;
    this.#folder = folder;
    this.#template = toTemplate(task);
    this.#neutral = fromTemplateMessage(this.#template);
    this.#inputs = fromBinary(LiteralMapSchema, encodeLiterals(task.inputs ?? {}));
  }

  /** What comes with every call, on Flyte 2. */
  get connection(): Connection | undefined {
    return this.path === 'flyte2' ? (this.task.connection ?? { secrets: {}, configs: {} }) : undefined;
  }

  /** Whether the engine looks for results when the task has succeeded. */
  get declaresOutputs(): boolean {
    return this.#neutral.outputs.size > 0;
  }

  /** How many retries the task's author asked for. */
  get retries(): number {
    return this.#neutral.retries;
  }

  /** The folder of the attempt's outputs; its last part counts attempts from 0 on Flyte 1, from 1 on Flyte 2. */
  outputPrefix({ execution, node, number }: Attempt): string {
    return this.path === 'flyte2'
      ? `${this.#folder}/${execution}/${node}/${number + 1}`
      : `${this.#folder}/${tenant.project}-${tenant.domain}-${execution}/${node}/data/${number}`;
  }

  /** What Flyte 1 sends; Flyte 2's message has the same bytes and a connection. */
  message(attempt: Attempt): CreateTaskRequest {
    const { project, domain, name, labels, environment } = this.#execution(attempt);
    return create(CreateTaskRequestSchema, {
      inputs: this.#inputs,
      template: this.#template,
      outputPrefix: this.outputPrefix(attempt),
      taskExecutionMetadata: {
        namespace: `${project}-${domain}`,
        labels,
        environmentVariables: environment,
        taskExecutionId: {
          ...(this.#template.id && { taskId: this.#template.id }),
          nodeExecutionId: { nodeId: attempt.node, executionId: { project, domain, name } },
          retryAttempt: attempt.number,
        },
      },
    });
  }

  /** What a protocol adapter makes of {@link message}. */
  neutral(attempt: Attempt): TaskRequest {
    return {
      template: this.#neutral,
      inputs: Inputs.of(new Map(Object.entries(this.task.inputs ?? {}))),
      outputPrefix: this.outputPrefix(attempt),
      execution: this.#execution(attempt),
      connection: this.connection,
    };
  }

  #execution({ execution, node, number }: Attempt): TaskExecution {
    const { project, domain } = tenant;
    const labels = { project, domain, ...(this.path === 'flyte2' ? { run: execution, action: node } : { 'execution-id': execution }) };
    const names = this.path === 'flyte2' ? { RUN_NAME: execution, ACTION_NAME: node } : {};
    return {
      org: '',
      project,
      domain,
      name: execution,
      node,
      attempt: number,
      namespace: `${project}-${domain}`,
      labels,
      annotations: {},
      serviceAccount: '',
      environment: { ...names, ...this.task.environment },
    };
  }
}

function toTemplate({ type, custom = {}, inputs = {}, outputs = {}, template = {} }: TestTask): TaskTemplate {
  const id = { resourceType: ResourceType.TASK, ...tenant, name: `tests.${type}`, version: 'v1' };
  const declared = { inputs: { variables: toVariables(inputs) }, outputs: { variables: toVariables(outputs) } };
  return create(TaskTemplateSchema, { id, interface: declared, ...template, type, custom: toStruct(custom) });
}

function toVariables(literals: Readonly<Record<string, Literal>>): Record<string, { type: { type: DeclaredType }; description: string }> {
  const entries = Object.entries(literals).map(([name, { kind }]) => {
    const value = simpleTypes[kind];
    const type: DeclaredType = value === undefined ? { case: undefined } : { case: 'simple', value };
    return [name, { type: { type }, description: name }] as const;
  });
  return Object.fromEntries(entries);
}

type DeclaredType = { readonly case: 'simple'; readonly value: SimpleType } | { readonly case: undefined };

const simpleTypes: Readonly<Partial<Record<Literal['kind'], SimpleType>>> = {
  integer: SimpleType.INTEGER,
  float: SimpleType.FLOAT,
  string: SimpleType.STRING,
  boolean: SimpleType.BOOLEAN,
  datetime: SimpleType.DATETIME,
  duration: SimpleType.DURATION,
  none: SimpleType.NONE,
  binary: SimpleType.BINARY,
  generic: SimpleType.STRUCT,
};

function toStruct(custom: JsonObject): ProtobufJson {
  // The same values; protobuf-es wants to be allowed to change them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return structuredClone(custom) as ProtobufJson;
}
