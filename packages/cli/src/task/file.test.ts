import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema, TaskTemplateSchema, type CreateTaskRequest, type TaskTemplate } from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readTaskFile } from './file.ts';
import { toTaskDefinition, type TaskDefinition } from './source.ts';

const fixtures = join(import.meta.dirname, '../__fixtures__');
const path = 's3://example-bucket/in/_SUCCESS';
const fixture = z.object({ request: z.record(z.string(), z.json()) });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-task-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A message whose field 1 is the template, and field 2 a description. */
function spec(bytes: Uint8Array): Uint8Array {
  const length = [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from([10, ...length]), bytes, Buffer.from([18, 4, 18, 2, 104, 105])]);
}

/** What a file of this name and content holds. */
async function read(name: string, content: string | Uint8Array): Promise<TaskDefinition> {
  const file = join(folder, name);
  await writeFile(file, content);
  return toTaskDefinition(await readTaskFile(file));
}

describe.each(['sensor-file', 'sensor-task-type-file_sensor'])('%s, as flytekit registers it', (name) => {
  let request: CreateTaskRequest;
  let template: TaskTemplate;
  let json: z.infer<typeof fixture>['request'];
  let flyte2Request: flyte2.CreateTaskRequest;

  beforeAll(async () => {
    request = fromBinary(CreateTaskRequestSchema, await readFile(join(fixtures, `${name}.binpb`)));
    if (request.template === undefined) throw new Error('the fixture has a template');
    template = request.template;
    json = fixture.parse(JSON.parse(await readFile(join(fixtures, `${name}.json`), 'utf8'))).request;
    flyte2Request = fromBinary(flyte2.CreateTaskRequestSchema, toBinary(CreateTaskRequestSchema, request));
  });

  const encodedTemplate = (): Uint8Array => toBinary(TaskTemplateSchema, template);
  test.each<{ form: string; file: string; content: () => string | Uint8Array; hasInputs: boolean }>([
    { form: 'a CreateTaskRequest in JSON', file: 'a.json', content: () => JSON.stringify(json), hasInputs: true },
    { form: 'a binary CreateTaskRequest', file: 'a.binpb', content: () => toBinary(CreateTaskRequestSchema, request), hasInputs: true },
    { form: 'a TaskTemplate in JSON', file: 'b.json', content: () => JSON.stringify(json['template']), hasInputs: false },
    { form: 'a binary TaskTemplate', file: 'b.pb', content: encodedTemplate, hasInputs: false },
    {
      form: 'a TaskSpec in JSON',
      file: 'c.yaml',
      content: () => JSON.stringify({ template: json['template'], description: { shortDescription: 'hi' } }),
      hasInputs: false,
    },
    { form: 'a binary TaskSpec, as pyflyte writes it', file: 'c.pb', content: () => spec(encodedTemplate()), hasInputs: false },
    {
      form: "Flyte 2's CreateTaskRequest in JSON",
      file: 'd.json',
      content: () => JSON.stringify(toJson(flyte2.CreateTaskRequestSchema, flyte2Request)),
      hasInputs: true,
    },
    {
      form: "Flyte 2's TaskSpec in JSON",
      file: 'e.json',
      content: () => {
        if (flyte2Request.template === undefined) throw new Error('the fixture has a template');
        return JSON.stringify({ taskTemplate: toJson(flyte2.TaskTemplateSchema, flyte2Request.template) });
      },
      hasInputs: false,
    },
  ])('is read from $form', async ({ file, content, hasInputs }) => {
    const definition = await read(file, content());
    expect(definition.template).toMatchObject({ type: template.type, custom: template.custom, id: { name: template.id?.name } });
    expect([...definition.template.inputs]).toEqual([['path', expect.objectContaining({ type: { kind: 'simple', simple: 'STRING' } })]]);
    expect([...definition.literals]).toEqual(hasInputs ? [['path', { kind: 'string', value: path }]] : []);
  });

  test('the execution of a CreateTaskRequest is kept', async () => {
    const { request: kept } = await read('f.json', JSON.stringify(json));
    expect(kept.taskExecutionMetadata).toEqual(fromJson(CreateTaskRequestSchema, json).taskExecutionMetadata);
  });
});

test('plain inputs may stand beside a template, in YAML', async () => {
  const { template, values } = await read(
    'plain.yaml',
    'template: { type: sensor, interface: { inputs: { variables: { n: { type: { simple: INTEGER } } } } } }\ninputs: { n: 9007199254740993 }',
  );
  expect(template.type).toBe('sensor');
  expect(values).toEqual({ n: 9007199254740993n });
});

test('an input called literals is a plain input', async () => {
  const variables = { literals: { type: { simple: 'STRING' } } };
  const { values } = await read(
    'literals.json',
    JSON.stringify({ template: { type: 'x', interface: { inputs: { variables } } }, inputs: { literals: 'a' } }),
  );
  expect(values).toEqual({ literals: 'a' });
});

test('field names may be written as in the .proto files', async () => {
  const { request } = await read('snake.yaml', 'template: { type: x, task_type_version: 1 }\noutput_prefix: s3://b/k');
  expect([request.template.taskTypeVersion, request.outputPrefix]).toEqual([1, 's3://b/k']);
});

test.each([
  {
    file: 'typo.yaml',
    content: 'type: x\ncustm: {}',
    message: 'typo.yaml: cannot decode message flyteidl.core.TaskTemplate from JSON: key "custm" is unknown',
  },
  { file: 'empty.yaml', content: '', message: 'empty.yaml: holds no task' },
  { file: 'list.json', content: '[]', message: 'list.json: holds no task' },
  { file: 'typeless.yaml', content: 'custom: {}', message: 'typeless.yaml: this is no task: there is no template with a type' },
  { file: 'noise.pb', content: 'no protobuf', message: 'noise.pb: holds no task' },
  { file: 'inputs.yaml', content: 'template: { type: x }\ninputs: [1]', message: 'inputs.yaml: inputs: expected values by name' },
])('$file is refused by name', async ({ file, content, message }) => {
  await expect(read(file, content)).rejects.toThrow(message);
});
