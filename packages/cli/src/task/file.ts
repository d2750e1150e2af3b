import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { CreateTaskRequestSchema, TaskTemplateSchema, type TaskTemplate } from '@flyte-agents/proto/flyte1';
import { isMapping, readBytes, type DocumentValue } from '../document.ts';
import { UsageError } from '../errors.ts';
import { parseText } from '../yaml.ts';
import { toTaskDefinition, type TaskSource } from './source.ts';

/**
 * Reads a task file: YAML or JSON, or with `.pb` or `.binpb` an encoded CreateTaskRequest, TaskTemplate or TaskSpec, which is
 * what `pyflyte serialize` writes. Gives it as {@link runTask} takes it.
 *
 * @throws UsageError naming the file when it holds no task
 */
export async function readTaskFile(path: string): Promise<TaskSource> {
  const bytes = await readBytes(path);
  const source = /\.(binpb|pb)$/i.test(path) ? fromBytes(bytes) : fromDocument(parseText(bytes.toString('utf8'), path));
  try {
    if (source !== undefined) {
      toTaskDefinition(source);
      return source;
    }
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${path}: ${error.message}`, error) : error;
  }
  throw new UsageError(`${path}: holds no task: expected a TaskTemplate, a CreateTaskRequest or a TaskSpec`);
}

function fromDocument(document: DocumentValue): TaskSource | undefined {
  return isMapping(document) ? document : undefined;
}

/**
 * The task in the bytes of one of three messages. Bytes do not tell which message they are: the right one gives a template
 * with a type. A TaskSpec comes last, because a template's project, read as a spec, looks like a type.
 */
function fromBytes(bytes: Uint8Array): TaskSource | undefined {
  const request = tryDecode(CreateTaskRequestSchema, bytes);
  if (isTemplate(request?.template)) return request;
  const template = tryDecode(TaskTemplateSchema, bytes);
  if (isTemplate(template)) return template;
  const first = firstField(bytes);
  const specified = first === undefined ? undefined : tryDecode(TaskTemplateSchema, first);
  return isTemplate(specified) ? specified : undefined;
}

function isTemplate(template: TaskTemplate | undefined): boolean {
  return template !== undefined && /^[\w.-]+$/.test(template.type);
}

function tryDecode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> | undefined {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}

/** The content of field 1 where a message begins with one. */
function firstField(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const reader = new BinaryReader(bytes);
    const [number, wireType] = reader.tag();
    return number === 1 && wireType === WireType.LengthDelimited ? reader.bytes() : undefined;
  } catch {
    return undefined;
  }
}
