import type * as flyte1 from '@flyte-agents/proto/flyte1';
import type * as flyte2 from '@flyte-agents/proto/flyte2';
import { Resources_ResourceName } from '@flyte-agents/proto/flyte1';
import { fromBinary, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { TaskRequest } from '../dispatcher/requests.ts';
import { AgentError } from '../errors.ts';
import type { Container, TaskExecution, TaskId, TaskTemplate, Variable } from '../task.ts';
import { cutField } from './fields.ts';
import { lazyInputs } from './literals.ts';
import { fromStruct, fromTypeMessage } from './types.ts';

/** Tasks and executions out of either protocol's messages: Flyte 2's have Flyte 1's fields and some more. */

type TemplateMessage = flyte1.TaskTemplate | flyte2.TaskTemplate;
type MetadataMessage = flyte1.TaskExecutionMetadata | flyte2.TaskExecutionMetadata;
type VariablesMessage = flyte1.VariableMap | flyte2.VariableMap | undefined;

/** What every message that brings a task has. */
interface TaskMessage {
  readonly template?: TemplateMessage | undefined;
  readonly outputPrefix: string;
  readonly taskExecutionMetadata?: MetadataMessage | undefined;
}

/** A message that brings a task, its inputs still bytes: most calls never look at them, and they may be large. */
export interface Undecoded<Message> {
  readonly message: Message;
  readonly inputs: Uint8Array | undefined;
}

/** Reads a message but for its field `inputs`. */
export function readUndecoded<Schema extends DescMessage & { readonly field: { readonly inputs: DescField } }>(
  schema: Schema,
  bytes: Uint8Array,
): Undecoded<MessageShape<Schema>> {
  const { field, rest } = cutField(bytes, schema.field.inputs.number);
  return { message: fromBinary(schema, rest), inputs: field };
}

/** @throws AgentError INVALID_ARGUMENT when the message has no template with a type */
export function toTaskRequest({ message, inputs }: Undecoded<TaskMessage>): TaskRequest {
  return {
    template: fromTemplateMessage(message.template),
    inputs: lazyInputs(inputs),
    outputPrefix: message.outputPrefix,
    execution: fromMetadataMessage(message.taskExecutionMetadata),
  };
}

/** @throws AgentError INVALID_ARGUMENT when the request has no template or the template no type */
export function fromTemplateMessage(message: TemplateMessage | undefined): TaskTemplate {
  if (message === undefined || message.type === '') {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'the request has no task template with a type' });
  }
  const { metadata, target } = message;
  const timeout = metadata?.timeout;
  return {
    id: fromIdentifier(message.id),
    type: message.type,
    typeVersion: message.taskTypeVersion,
    custom: fromStruct(message.custom ?? {}),
    config: message.config,
    inputs: fromVariables(message.interface?.inputs),
    outputs: fromVariables(message.interface?.outputs),
    timeoutMs: timeout === undefined ? undefined : Number(timeout.seconds) * 1000 + timeout.nanos / 1e6 || undefined,
    retries: metadata?.retries?.retries ?? 0,
    interruptible: metadata?.interruptibleValue.value ?? false,
    sdkVersion: metadata?.runtime?.version ?? '',
    container: target.case === 'container' ? fromContainer(target.value) : undefined,
    sql: target.case === 'sql' ? target.value.statement : undefined,
  };
}

/** The attempt that a request's metadata names; everything empty in local runs, which send none. */
export function fromMetadataMessage(message: MetadataMessage | undefined): TaskExecution {
  const execution = message?.taskExecutionId?.nodeExecutionId?.executionId;
  return {
    org: execution?.org ?? '',
    project: execution?.project ?? '',
    domain: execution?.domain ?? '',
    name: execution?.name ?? '',
    node: message?.taskExecutionId?.nodeExecutionId?.nodeId ?? '',
    attempt: message?.taskExecutionId?.retryAttempt ?? 0,
    namespace: message?.namespace ?? '',
    labels: message?.labels ?? {},
    annotations: message?.annotations ?? {},
    serviceAccount: message?.k8sServiceAccount ?? '',
    environment: message?.environmentVariables ?? {},
  };
}

function fromIdentifier(id: flyte1.Identifier | flyte2.Identifier | undefined): TaskId {
  const { org = '', project = '', domain = '', name = '', version = '' } = id ?? {};
  return { org, project, domain, name, version };
}

/** Variables are a map in Flyte 1 and a list in Flyte 2. */
function fromVariables(message: VariablesMessage): ReadonlyMap<string, Variable> {
  const variables = message?.variables ?? [];
  const entries = Array.isArray(variables) ? variables.map(({ key, value }) => [key, value] as const) : Object.entries(variables);
  return new Map(
    entries.map(([name, variable]) => [name, { type: fromTypeMessage(variable?.type), description: variable?.description ?? '' }]),
  );
}

const resourceNames = new Map<number, string>(Object.entries(Resources_ResourceName).map(([name, number]) => [number, name]));

function fromContainer({ image, command, args, env, resources }: flyte1.Container | flyte2.Container): Container {
  return {
    image,
    command,
    args,
    environment: Object.fromEntries(env.map(({ key, value }) => [key, value])),
    requests: fromResources(resources?.requests),
    limits: fromResources(resources?.limits),
  };
}

function fromResources(entries: readonly { readonly name: number; readonly value: string }[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(({ name, value }) => [resourceNames.get(name) ?? String(name), value]));
}
