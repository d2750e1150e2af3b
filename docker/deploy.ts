/** Puts the package of every image, with what it needs at run time, into a folder of its own: `node docker/deploy.ts /out`. */
import { execFileSync } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { images } from './images.ts';

const [target = 'out'] = process.argv.slice(2);

for (const { name } of images()) {
  const folder = join(target, name);
  const deploy = ['--filter', `@flyte-agents/${name}`, 'deploy', '--prod', '--config.node-linker=hoisted', folder];
  execFileSync('pnpm', deploy, { stdio: 'inherit' });
  // Types, sources, and the maps of other people's code are never loaded: two thirds of everything.
  const unused = globSync('**/*.{ts,mts,cts,map}', { cwd: folder });
  for (const file of unused) if (!/@flyte-agents\/.*\.map$/.test(file)) rmSync(join(folder, file));
  // The folders are made once, for all platforms.
  const natives = globSync('**/*.node', { cwd: folder });
  if (natives.length > 0) throw new Error(`${name}: these work on one platform only: ${natives.join(', ')}`);
}
