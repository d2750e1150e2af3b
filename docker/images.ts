import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An image: one agent's, or the one with all agents. */
export interface Image {
  /** Its name, and that of its package. */
  readonly name: string;
  /** What its package says of itself. */
  readonly description: string;
}

const packages = join(import.meta.dirname, '../packages');

/** The image of every package that is an agent, and that of all agents, in the order of their names. */
export function images(): readonly Image[] {
  return readdirSync(packages)
    .filter((name) => name !== 'template')
    .toSorted()
    .flatMap((name) => {
      const manifest: unknown = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
      if (typeof manifest !== 'object' || manifest === null || !('description' in manifest)) return [];
      return name === 'all' || 'flyte-agents' in manifest ? [{ name, description: String(manifest.description) }] : [];
    });
}
