import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { apiEntries, writeApiReport } from './api.ts';
import { publishedPackages } from './workspace.ts';

const place = mkdtempSync(join(tmpdir(), 'flyte-agents-api-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe.each(publishedPackages().map((each) => ({ name: each.manifest.name, each })))('$name', ({ each }) => {
  const folder = join(each.folder, 'api');
  const entries = apiEntries([each]);

  test('OP12: has a report of each of its entries, and no other', () => {
    const reports = existsSync(folder) ? readdirSync(folder).toSorted() : [];
    expect(reports, 'run pnpm api:update').toEqual(entries.map(({ name }) => `${name}.api.md`).toSorted());
  });

  test.each(entries)('OP12: offers with its $name what the report says', { timeout: 60_000 }, (entry) => {
    const target = join(place, basename(each.folder));
    writeApiReport(entry, target);
    const [report = '', committed = ''] = [target, folder].map((where) => readFileSync(join(where, `${entry.name}.api.md`), 'utf8'));
    expect(report, 'the interface has changed: if users may stand it, run pnpm api:update and say so in the changeset').toBe(committed);
  });
});

test('a type that is taken back changes the report', () => {
  const types = join(place, 'broken.d.ts');
  const entry = { folder: place, types, name: 'broken' };
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'broken', version: '1.0.0' }));
  const reports = ['export declare function list(limit?: number): string[];', 'export declare function list(limit: number): string[];'].map(
    (text) => {
      writeFileSync(types, `/** Lists. @public */\n${text}\n`);
      writeApiReport(entry, place);
      return readFileSync(join(place, 'broken.api.md'), 'utf8');
    },
  );
  expect(reports[0]).toContain('function list(limit?: number): string[];');
  expect(reports[1]).not.toBe(reports[0]);
});
