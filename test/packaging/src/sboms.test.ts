import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishedPackages, root } from './workspace.ts';

/** A CycloneDX document, as far as it is looked at. */
interface Sbom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

interface Component {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
}

const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-sboms-'));
beforeAll(async () => {
  await run('pnpm', ['run', 'sboms'], { cwd: root, environment: { SBOM_FOLDER: folder } });
});
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string): string => `${name.replace('@', '').replace('/', '-')}.cdx.json`;
const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`);

test('OP12: every package that is published has a bill of materials, and nothing else has', () => {
  const expected = publishedPackages().map(({ manifest }) => fileOf(manifest.name));
  expect(readdirSync(folder).toSorted()).toEqual(expected.toSorted());
});

test.each(publishedPackages().map(({ manifest }) => ({ name: manifest.name, manifest })))(
  'OP12: the bill of materials of $name lists what it depends on, each with its licence, and no tool',
  ({ name, manifest }) => {
    const sbom: Sbom = JSON.parse(readFileSync(join(folder, fileOf(name)), 'utf8'));
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect([nameOf(sbom.metadata.component), sbom.metadata.component.version]).toEqual([name, manifest.version]);
    const listed = sbom.components.map(nameOf);
    expect(listed).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies ?? {})));
    expect(listed.filter((each) => ['typescript', 'turbo', 'oxlint', 'knip', 'fast-check'].includes(each))).toEqual([]);
    expect(sbom.components.filter(({ licenses }) => licenses === undefined).map(({ purl }) => purl)).toEqual([]);
  },
);

test('OP12: the SDK of an agent is listed with its version', () => {
  const sbom: Sbom = JSON.parse(readFileSync(join(folder, fileOf('@flyte-agents/bigquery')), 'utf8'));
  expect(sbom.components.map(({ purl }) => purl)).toContainEqual(
    expect.stringMatching(/^pkg:npm\/%40google-cloud\/bigquery@\d+\.\d+\.\d+$/),
  );
});
