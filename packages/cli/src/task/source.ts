import { create, fromBinary, fromJson, isMessage, toBinary, type DescMessage, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { fromMapMessage, fromTemplateMessage, type LiteralMap, type TaskTemplate } from '@flyte-agents/core';
import {
  CreateTaskRequestSchema,
  TaskTemplateSchema,
  type CreateTaskRequest,
  type TaskTemplate as TemplateMessage,
} from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { isMapping, type DocumentObject, type DocumentValue } from '../document.ts';
import { UsageError } from '../errors.ts';
import type { InputValue } from '../inputs/value.ts';

/**
 * A task to run, in any of the forms in which it is kept: a message of `@flyte-agents/proto/flyte1`; or the protobuf JSON, of
 * either version of Flyte, of a TaskTemplate, a CreateTaskRequest or a TaskSpec; or `{ template, inputs }` with plain values.
 */
export type TaskSource = TemplateMessage | CreateTaskRequest | DocumentObject;

/** A task that can be run. */
export interface TaskDefinition {
  /** The request that starts it, without inputs, and with the place and the execution that its file names. */
  readonly request: CreateTaskRequest & { readonly template: TemplateMessage };
  readonly template: TaskTemplate;
  /** The inputs that came with it, as literals or as plain values. */
  readonly literals: LiteralMap;
  readonly values: Readonly<Record<string, InputValue>>;
}

/** Reads a task in any of its forms. @throws UsageError when it is in none */
export function toTaskDefinition(source: TaskSource): TaskDefinition {
  if (isMessage(source, TaskTemplateSchema)) return define(create(CreateTaskRequestSchema, { template: source }));
  if (isMessage(source, CreateTaskRequestSchema)) return define(source);
  if (isMessage(source) || !isMapping(source)) throw new UsageError('this is no task: expected a TaskTemplate or a CreateTaskRequest');
  return fromDocument(source);
}

function define(message: CreateTaskRequest, values: TaskDefinition['values'] = {}): TaskDefinition {
  const { template, inputs, ...rest } = message;
  if (template === undefined || template.type === '') throw new UsageError('this is no task: there is no template with a type');
  return {
    request: { ...rest, template },
    template: fromTemplateMessage(template),
    literals: inputs === undefined ? new Map() : fromMapMessage(inputs),
    values,
  };
}

function fromDocument(document: DocumentObject): TaskDefinition {
  const spec = document['template'] ?? document['taskTemplate'] ?? document['task_template'];
  if (spec === undefined) return define(create(CreateTaskRequestSchema, { template: toTemplate(document) }));
  if (!isMapping(spec)) throw new UsageError('template: expected a task template');
  const template = toTemplate(spec);
  const { inputs } = document;
  if (inputs !== undefined && isProtobufInputs(inputs, template))
    return define({ ...toRequest({ ...envelope(document), inputs }), template });
  if (inputs !== undefined && inputs !== null && !isMapping(inputs)) throw new UsageError('inputs: expected values by name');
  return define({ ...toRequest(envelope(document)), template }, inputs ?? {});
}

/** What a CreateTaskRequest has beside its template and inputs; a TaskSpec's description is left out. */
function envelope(document: DocumentObject): DocumentObject {
  const others = new Set(['template', 'taskTemplate', 'task_template', 'inputs', 'description', 'documentation']);
  return Object.fromEntries(Object.entries(document).filter(([key]) => !others.has(key)));
}

/** Protobuf's inputs have the one field `literals`, which could also be the name of the task's one input. */
function isProtobufInputs(inputs: DocumentValue, template: TemplateMessage): boolean {
  if (!isMapping(inputs) || !('literals' in inputs)) return false;
  return !Object.hasOwn(template.interface?.inputs?.variables ?? {}, 'literals');
}

/** Flyte 2 lists what Flyte 1 has by name. The bytes of both are the same. */
function toTemplate(document: DocumentObject): TemplateMessage {
  const { interface: interfaces } = document;
  const variables = isMapping(interfaces) ? [interfaces['inputs'], interfaces['outputs']] : [];
  const isFlyte2 = variables.some((map) => isMapping(map) && Array.isArray(map['variables']));
  if (!isFlyte2) return parse(TaskTemplateSchema, document);
  return convert(flyte2.TaskTemplateSchema, TaskTemplateSchema, document);
}

function toRequest(document: DocumentObject): CreateTaskRequest {
  const { inputs } = document;
  const isFlyte2 = 'connection' in document || (isMapping(inputs) && Array.isArray(inputs['literals']));
  if (!isFlyte2) return parse(CreateTaskRequestSchema, document);
  return convert(flyte2.CreateTaskRequestSchema, CreateTaskRequestSchema, document);
}

function convert<To extends DescMessage>(from: DescMessage, to: To, document: DocumentObject): MessageShape<To> {
  return fromBinary(to, toBinary(from, parse(from, document)));
}

function parse<Schema extends DescMessage>(schema: Schema, document: DocumentObject): MessageShape<Schema> {
  try {
    return fromJson(schema, toProtobufJson(document));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), error);
  }
}

/** Protobuf's JSON has large integers as text. */
function toProtobufJson(value: DocumentValue): JsonValue {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isMapping(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toProtobufJson(item)]));
  return value.map(toProtobufJson);
}
