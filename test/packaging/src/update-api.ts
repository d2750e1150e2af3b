/** Writes the API reports of all packages: `pnpm api:update`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { apiEntries, writeApiReport } from './api.ts';

const entries = apiEntries();
for (const { folder } of entries) rmSync(join(folder, 'api'), { recursive: true, force: true });
for (const entry of entries) writeApiReport(entry, join(entry.folder, 'api'));
