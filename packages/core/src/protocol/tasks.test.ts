import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { describe, expect, test } from 'vitest';
import { goldenRequest } from '../__fixtures__/golden.ts';
import { attemptKey } from '../idempotency.ts';
import type { TaskTemplate } from '../task.ts';
import { readCreate as readFlyte1 } from './flyte1/messages.ts';
import { readCreate as readFlyte2 } from './flyte2/messages.ts';
import { fromMetadataMessage, fromTemplateMessage, toTaskRequest } from './tasks.ts';

describe('flytekit’s requests', () => {
  test('C19: the sensor', () => {
    const request = toTaskRequest(readFlyte1(goldenRequest('sensor-file')));
    expect(request).toMatchObject({
      template: {
        id: { org: '', project: 'flytesnacks', domain: 'development', name: 'wait_for_object', version: 'v1' },
        type: 'sensor',
        typeVersion: 0,
        custom: { inputs: null, sensor_module: 'flytekit.sensor.file_sensor', sensor_config: null, sensor_name: 'FileSensor' },
        timeoutMs: 7_200_000,
        retries: 0,
        interruptible: false,
        sdkVersion: '1.16.31',
        container: undefined,
        sql: undefined,
        config: {},
      },
      outputPrefix: 's3://example-bucket/metadata/propeller/flytesnacks-development-f3a1/n0/data/0',
      execution: {
        org: '',
        project: 'flytesnacks',
        domain: 'development',
        name: 'f3a1',
        node: 'n0',
        attempt: 0,
        namespace: 'flytesnacks-development',
        labels: { 'workflow-name': 'wf', 'execution-id': 'f3a1' },
        annotations: { 'example.com/annotation': 'x' },
        serviceAccount: 'default',
        environment: { EXEC_ENV: '1' },
      },
    });
    expect(request.template.inputs).toEqual(new Map([['path', { type: { kind: 'simple', simple: 'STRING' }, description: 'path' }]]));
    expect(request.template.outputs).toEqual(new Map());
    expect(request.inputs.string('path')).toBe('s3://example-bucket/in/_SUCCESS');
  });

  test('C19: the sensor with a config of its own and integers as inputs', () => {
    const { template, inputs } = toTaskRequest(readFlyte1(goldenRequest('sensor-user-config')));
    expect(template).toMatchObject({ timeoutMs: undefined, custom: { sensor_config: { wait_seconds: 2.5, min_messages: 1 } } });
    expect(inputs.value('threshold')).toBe(5n);
  });

  test('C19: the query', () => {
    const { template, inputs } = toTaskRequest(readFlyte1(goldenRequest('bigquery.params-and-output')));
    expect(template.sql).toMatch(/^SELECT @version AS v/);
    expect(template.outputs.get('results')).toEqual({ type: { kind: 'dataset', format: '', columns: [] }, description: 'results' });
    expect(inputs.value('version')).toBe(9_007_199_254_740_993n);
    expect(inputs.value('at')).toMatchObject({ seconds: 1_767_323_045n, nanos: 678_901_000 });
  });

  test('C19: the container and its config', () => {
    const { template } = toTaskRequest(readFlyte1(goldenRequest('aws-batch.fargate')));
    expect(template.config).toEqual({ platformCapabilities: 'FARGATE' });
    expect(template.container).toMatchObject({
      image: 'ghcr.io/acme/flyte-tasks:v1',
      command: [],
      environment: { FOO: 'bar' },
      requests: {},
      limits: {},
    });
    expect(template.container?.args.slice(0, 2)).toEqual(['pyflyte-execute', '--inputs']);
  });
});

describe('flyte-sdk’s requests', () => {
  test('C20: the container with resources, its interface a list', () => {
    const { template, inputs, execution, outputPrefix } = toTaskRequest(readFlyte2(goldenRequest('databricks.new-cluster')));
    expect(template).toMatchObject({
      id: { org: 'testorg', name: 'databricks_env.hello_databricks' },
      type: 'databricks',
      container: { requests: { CPU: '1', MEMORY: '3000Mi' }, limits: { CPU: '2', MEMORY: '5000Mi' }, environment: { FOO: 'bar' } },
    });
    expect([...template.inputs.keys(), ...template.outputs.keys()]).toEqual(['n', 'o0']);
    expect(template.outputs.get('o0')?.type).toEqual({ kind: 'simple', simple: 'FLOAT' });
    expect(inputs.value('n')).toBe(3n);
    expect(execution).toMatchObject({ org: 'testorg', name: 'rabc123def456', node: 'a0', attempt: 0 });
    expect(outputPrefix).toMatch(/\/a0\/1$/);
  });

  test('C20: the query without inputs', () => {
    const { template, inputs } = toTaskRequest(readFlyte2(goldenRequest('snowflake.minimal')));
    expect(template.sql).toBe('SELECT 1');
    expect(template.inputs.size + inputs.literals.size).toBe(0);
  });

  test('R8: a connection’s secrets are in nothing that is stored', () => {
    const request = toTaskRequest(readFlyte2(goldenRequest('snowflake.minimal')));
    expect(JSON.stringify(request)).not.toContain('PRIVATE KEY');
  });
});

function ofTemplate(init: MessageInitShape<typeof flyte1.TaskTemplateSchema>): TaskTemplate {
  return fromTemplateMessage(create(flyte1.TaskTemplateSchema, { type: 'job', ...init }));
}

describe('a template', () => {
  test.each([undefined, create(flyte1.TaskTemplateSchema)])('without a type is refused', (message) => {
    expect(() => fromTemplateMessage(message)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'the request has no task template with a type' }),
    );
  });

  test('that says nothing else has defaults for everything', () => {
    expect(ofTemplate({})).toEqual({
      id: { org: '', project: '', domain: '', name: '', version: '' },
      type: 'job',
      typeVersion: 0,
      custom: {},
      config: {},
      inputs: new Map(),
      outputs: new Map(),
      timeoutMs: undefined,
      retries: 0,
      interruptible: false,
      sdkVersion: '',
      container: undefined,
      sql: undefined,
    });
  });

  test.each([
    [{ seconds: 0n, nanos: 0 }, undefined],
    [{ seconds: 90n, nanos: 500_000_000 }, 90_500],
    [{ seconds: 0n, nanos: 1_000_000 }, 1],
  ])('with the timeout %o has one of %s ms', (timeout, milliseconds) => {
    expect(ofTemplate({ metadata: { timeout } }).timeoutMs).toBe(milliseconds);
  });

  test('keeps retries, interruptible and the version of its type', () => {
    const metadata = { retries: { retries: 3 }, interruptibleValue: { case: 'interruptible' as const, value: true } };
    expect(ofTemplate({ taskTypeVersion: 2, metadata })).toMatchObject({ retries: 3, interruptible: true, typeVersion: 2 });
  });

  test('C14: keeps a variable called __proto__, and an unknown resource by its number', () => {
    const variable = create(flyte1.VariableSchema, { description: 'kept' });
    const template = create(flyte1.TaskTemplateSchema, {
      type: 'job',
      interface: { inputs: { variables: Object.fromEntries([['__proto__', variable]]) } },
      target: { case: 'container', value: { resources: { limits: [{ value: '1' }] } } },
    });
    // The number of a resource that a later version of Flyte knows.
    const resource = template.target.case === 'container' ? template.target.value.resources?.limits[0] : undefined;
    Object.assign(resource ?? {}, { name: 99 });
    const read = fromTemplateMessage(template);
    expect(read.inputs.get('__proto__')).toEqual({ type: undefined, description: 'kept' });
    expect(read.container?.limits).toEqual({ '99': '1' });
  });
});

describe('an execution', () => {
  test.each([undefined, create(flyte1.TaskExecutionMetadataSchema)])('C1: of a local run is empty, and has no key', (message) => {
    const execution = fromMetadataMessage(message);
    expect(execution).toMatchObject({ project: '', name: '', attempt: 0 });
    expect(
      attemptKey({ task: { org: '', project: '', domain: '', name: 't', version: 'v' }, execution, outputPrefix: 's3://b/x' }),
    ).toBeUndefined();
  });

  test('C1: counts attempts from 0 on both versions of Flyte, whatever its labels say', () => {
    const init = { taskExecutionId: { retryAttempt: 2, nodeExecutionId: { nodeId: 'a0' } }, labels: { attempt: '3' } };
    expect(fromMetadataMessage(create(flyte1.TaskExecutionMetadataSchema, init)).attempt).toBe(2);
    expect(fromMetadataMessage(create(flyte2.TaskExecutionMetadataSchema, init)).attempt).toBe(2);
  });
});

describe('a request', () => {
  test('is read without decoding its inputs', () => {
    const rest = toBinary(
      flyte1.CreateTaskRequestSchema,
      create(flyte1.CreateTaskRequestSchema, { template: { type: 'job' }, outputPrefix: 's3://b' }),
    );
    const { inputs, outputPrefix } = toTaskRequest(readFlyte1(Buffer.concat([Uint8Array.of(0x0a, 2, 0xff, 0xff), rest])));
    expect(outputPrefix).toBe('s3://b');
    expect(inputs.byteLength).toBe(2);
    expect(() => inputs.literals).toThrow('not an encoded map');
  });

  test.each([readFlyte1, readFlyte2])('that is no message throws', (read) => {
    expect(() => read(Uint8Array.of(0x1a, 0xff))).toThrow(Error);
  });
});
