import { join } from 'node:path';
import type { DescFile, FileRegistry } from '@bufbuild/protobuf';
import { file_flyteidl_service_agent, LiteralMapSchema, LiteralSchema, LiteralTypeSchema } from '@flyte-agents/proto/flyte1';
import { file_flyteidl2_connector_service } from '@flyte-agents/proto/flyte2';
import { installTimeoutMs, requirement } from '@flyte-agents/test-upstreams';
import { beforeAll, describe, expect, test } from 'vitest';
import { publishedDescriptors } from './published.ts';
import { closure, shapeOf, type Shape } from './shape.ts';
import { wireDifferences } from './wire.ts';

const python = requirement('python3');

describe.skipIf(!python.available)(`the generated descriptors and those that Flyte publishes${python.note}`, () => {
  let flyte1: FileRegistry;
  let flyte2: FileRegistry;

  beforeAll(async () => {
    flyte1 = await publishedDescriptors('flyteidl.service.agent_pb2');
    flyte2 = await publishedDescriptors('flyteidl2.connector.service_pb2');
  }, installTimeoutMs);

  test('Flyte 1: flyteidl 1.16.8 is what was generated, and no more', () => {
    const published = publishedShape(flyte1, 'flyteidl/service/agent.proto');
    expect(shapeOf(closure(file_flyteidl_service_agent))).toEqual(published);
    expect(published.get('flyteidl.admin.CreateTaskRequest.inputs')).toBe('flyteidl.core.LiteralMap = 1, EXPLICIT, JSON inputs');
  });

  test('Flyte 2: what was generated is the same in flyteidl2 2.0.51', () => {
    const generated = shapeOf(closure(file_flyteidl2_connector_service));
    const published = publishedShape(flyte2, 'flyteidl2/connector/service.proto');
    expect(generated).toEqual(new Map([...published].filter(([name]) => generated.has(name))));
  });

  test('Flyte 2: what flyteidl2 2.0.51 has more is on the list', async () => {
    const generated = shapeOf(closure(file_flyteidl2_connector_service));
    const published = publishedShape(flyte2, 'flyteidl2/connector/service.proto');
    const additions = [...published].filter(([name]) => !generated.has(name)).map(([name, meaning]) => `${name}: ${meaning}\n`);
    await expect(additions.toSorted().join('')).toMatchFileSnapshot(join(import.meta.dirname, 'flyte2-additions.txt'));
  });

  test("Flyte 2's literals, as published, have Flyte 1's bytes", () => {
    const artifact = 'flyteidl2.core.Literal: only here message artifact_id = 9';
    const entry = 'flyteidl.core.LiteralMap.literals and flyteidl2.task.NamedLiteral: string key = 1 and string name = 1';
    const differences = (name: string): string[] => wireDifferences(LiteralMapSchema, message(flyte2, name));
    expect(wireDifferences(LiteralTypeSchema, message(flyte2, 'flyteidl2.core.LiteralType'))).toEqual([]);
    expect(wireDifferences(LiteralSchema, message(flyte2, 'flyteidl2.core.Literal'))).toEqual([artifact]);
    expect(differences('flyteidl2.core.LiteralMap')).toEqual([artifact]);
    expect(differences('flyteidl2.task.Inputs')).toEqual([
      entry,
      artifact,
      'flyteidl2.task.Inputs: only here repeated message context = 2',
    ]);
    expect(differences('flyteidl2.task.Outputs')).toEqual([
      entry,
      artifact,
      'flyteidl2.task.Outputs: only here repeated message produced_artifacts = 3',
    ]);
  });
});

function publishedShape(registry: FileRegistry, path: string): Shape {
  const file: DescFile | undefined = registry.getFile(path);
  if (file === undefined) throw new Error(`${path} is not among the published files`);
  return shapeOf(closure(file));
}

function message(registry: FileRegistry, name: string) {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(`${name} is not among the published messages`);
  return found;
}
