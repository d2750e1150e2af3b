/** Makes a new agent out of this package: `pnpm new-agent <name>`. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const template = import.meta.dirname;
const root = join(template, '../..');
const usage = `Usage: pnpm new-agent <name>

  <name>  of the service, in lower case: "acme", "acme-batch"

Makes packages/<name> out of packages/template, and names it where the workspace lists its agents.
docs/writing-an-agent.md tells how to go on.`;

const [name = ''] = process.argv.slice(2);
if (['', '-h', '--help'].includes(name)) {
  process.stdout.write(`${usage}\n`);
  process.exit(name === '' ? 2 : 0);
}
const folder = join(root, 'packages', name);
const problem = !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)
  ? `"${name}" is no name for a package: lower-case words of letters and digits, with hyphens between them`
  : existsSync(folder)
    ? `packages/${name} is there already`
    : undefined;
if (problem !== undefined) {
  process.stderr.write(`${problem}\n\n${usage}\n`);
  process.exit(2);
}

const words = name.split('-');
const capitalised = words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
/** The template's own words, and what they become: all at once, for a new name may hold an old one. */
const templateWords = /@flyte-agents\/template|packages\/template|"private": true,\n\s*|Acme|acme|ACME/g;

function renamed(text: string): string {
  return text.replace(templateWords, (word, offset: number) => {
    const isPartOfName = /^[A-Z]/.test(text.slice(offset + word.length));
    switch (word) {
      case '@flyte-agents/template':
        return `@flyte-agents/${name}`;
      case 'packages/template':
        return `packages/${name}`;
      case 'Acme':
        return capitalised.join(isPartOfName ? '' : ' ');
      case 'acme':
        return text[offset + word.length] === '_' ? words.join('_') : name;
      case 'ACME':
        return words.join('_').toUpperCase();
      default:
        return '';
    }
  });
}

cpSync(template, folder, {
  recursive: true,
  filter: (source) => !['node_modules', 'dist', '.turbo', 'CHANGELOG.md', 'new-agent.ts'].includes(basename(source)),
});
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())) {
  const path = join(entry.parentPath, entry.name);
  writeFileSync(path, renamed(readFileSync(path, 'utf8')));
  if (renamed(entry.name) !== entry.name) renameSync(path, join(entry.parentPath, renamed(entry.name)));
}

edit('packages/all/package.json', (text) => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(text);
  const dependencies = Object.entries({ ...manifest.dependencies, [`@flyte-agents/${name}`]: 'workspace:*' });
  return `${JSON.stringify({ ...manifest, dependencies: Object.fromEntries(dependencies.toSorted(([a], [b]) => a.localeCompare(b))) }, undefined, 2)}\n`;
});
edit('README.md', (text) => {
  const row = `| [@flyte-agents/${name}](packages/${name}) | \`${words.join('_')}_job\` |\n`;
  return text.replace(/(?=^\| \[@flyte-agents\/all\])/m, row);
});
edit('docs/guarantees.md', (text) => `${text.trimEnd()}\n| ${name} | once | the key is the token of the submit |\n`);
writeFileSync(join(root, '.changeset', `new-${name}.md`), `---\n'@flyte-agents/${name}': minor\n---\n\nA new agent.\n`);

const inRoot = { cwd: root, stdio: 'inherit' } as const;
execFileSync('pnpm', ['install', '--prefer-offline', '--no-frozen-lockfile'], inRoot);
execFileSync('pnpm', ['exec', 'oxfmt', folder, 'packages/all/package.json', 'README.md', 'docs/guarantees.md', '.changeset'], inRoot);
process.stdout.write(`
packages/${name} is an agent for ${words.join('_')}_job tasks, whose tests pass:

  pnpm vitest run packages/${name}
  pnpm flyte-agents serve --root packages/${name}

Now make it yours: src/client.ts first. docs/writing-an-agent.md tells how.
`);

function edit(path: string, change: (text: string) => string): void {
  const file = join(root, path);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
