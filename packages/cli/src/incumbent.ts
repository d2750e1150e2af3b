import { basename } from 'node:path';
import { UsageError } from './errors.ts';
import { screenLogger } from './logs.ts';

/** Flags of `pyflyte` that stand before its command, and how many words each takes. */
const pyflyteFlags: Readonly<Record<string, number>> = { '-c': 1, '--config': 1, '-k': 1, '--pkgs': 1, '-v': 0, '--verbose': 0 };

/**
 * What a command line says in our own words, also when it is one of the Python servers, which charts have built in: `pyflyte serve
 * agent`, `pyflyte serve connector`, `c0`, or one of them after `fserve … --`, as flyte-sdk starts its apps. Our program may have been
 * started by such a name, as in images, or be given it first.
 *
 * @param program how our program was called; a path counts by its last part
 * @throws UsageError when `pyflyte` is to do anything but serve, or `fserve` to start anything else
 */
export function toOwnWords(program: string, words: readonly string[]): readonly string[] {
  const name = basename(program);
  const [first = '', ...rest] = ['pyflyte', 'c0', 'fserve'].includes(name) ? [name, ...words] : words;
  if (first === 'fserve') return toAppWords(rest);
  if (first === 'c0') return ['serve', ...rest];
  return first === 'pyflyte' ? toServeWords(rest) : words;
}

function toServeWords(words: readonly string[]): readonly string[] {
  let start = 0;
  for (let taken = widthOf(words[0]); taken > 0; taken = widthOf(words[start])) start += taken;
  const flags = words.slice(0, start);
  const [command, ...rest] = words.slice(start);
  if (command === '--help') return ['--help'];
  if (command !== 'serve')
    throw new UsageError(`pyflyte ${command ?? ''}`.trimEnd() + ': there is only pyflyte serve agent, and pyflyte serve connector');
  if (flags.length > 0) screenLogger('info').info({ flags }, 'flags of pyflyte before its command have no effect');
  return [command, ...rest];
}

/** What `fserve` starts. Its own flags say where the app's Python code is, which is never loaded. */
function toAppWords(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  const [command = '', ...rest] = end === -1 ? [] : words.slice(end + 1);
  if (command !== 'c0' && command !== 'pyflyte')
    throw new UsageError(`fserve … -- ${command}`.trimEnd() + ': there is only fserve … -- c0, and fserve … -- pyflyte serve connector');
  screenLogger('info').info({}, 'flags of fserve have no effect: no Python code is loaded');
  return toOwnWords(command, rest);
}

/** How many words a flag of `pyflyte` is with its value; 0 for what is none. */
function widthOf(word: string = ''): number {
  if (/^-v+$/.test(word) || /^--(?:config|pkgs)=/.test(word)) return 1;
  const values = Object.hasOwn(pyflyteFlags, word) ? pyflyteFlags[word] : undefined;
  return values === undefined ? 0 : 1 + values;
}
