import { AgentError } from '@flyte-agents/core';

/** A pattern of names. */
export interface Glob {
  /** What every name begins with: all before the first wildcard. */
  readonly prefix: string;
  /** Whether all names are in one folder. */
  readonly isShallow: boolean;
  matches(name: string): boolean;
}

/** How a part of a name must look: whether a character is right, or `any` number of any. */
type Part = readonly (((character: string) => boolean) | 'any')[];

/** A pattern longer than this after its first wildcard is refused: matching takes time for each of its characters. */
const longest = 256;

/**
 * Reads a pattern as Python's glob does: `*` stands for any characters of a file's or folder's name, `?` for one, `[a-z]` and
 * `[!a-z]` for one of these or of the others, `**` for any folders. `undefined` when there are no wildcards in it.
 *
 * @throws AgentError INVALID_ARGUMENT for `**` beside other characters, or a pattern that is too long
 */
export function toGlob(pattern: string): Glob | undefined {
  const first = pattern.search(/[*?[]/);
  if (first < 0) return undefined;
  const wild = pattern.slice(first);
  if (wild.length > longest) throw refused(`has more than ${longest} characters after its first wildcard`);
  const folders = pattern.split('/').map((part) => (part === '**' ? 'any' : toPart(part)));
  return {
    prefix: pattern.slice(0, first),
    isShallow: !wild.includes('/') && !folders.includes('any'),
    // On stores without folders, a name with a slash at its end stands for one.
    matches: (name) => !name.endsWith('/') && fits(folders, name.split('/'), isNamed),
  };
}

function isNamed(part: Part, name: string): boolean {
  return fits(part, Array.from(name), (isRight, character) => isRight(character));
}

/**
 * Whether a row of things fits a row of rules, of which `any` takes any number of things. Goes back to the last `any` only, so
 * that no pattern takes longer than its length times the row's: a regular expression could.
 */
function fits<Rule, Thing>(
  rules: readonly (Rule | 'any')[],
  things: readonly Thing[],
  isRight: (rule: Rule, thing: Thing) => boolean,
): boolean {
  let rule = 0;
  let thing = 0;
  let lastAny = -1;
  let retry = 0;
  while (thing < things.length) {
    const current = rules[rule];
    const next = things[thing];
    if (current === 'any') {
      lastAny = rule++;
      retry = thing;
    } else if (current !== undefined && next !== undefined && isRight(current, next)) {
      rule++;
      thing++;
    } else if (lastAny >= 0) {
      rule = lastAny + 1;
      thing = ++retry;
    } else {
      return false;
    }
  }
  return rules.slice(rule).every((each) => each === 'any');
}

function toPart(text: string): Part {
  if (text.includes('**')) throw refused('has ** beside other characters; it stands for folders: a/**/b');
  return [...text.matchAll(/\*|\?|\[!?\]?[^\]]*\]|./gsu)].map(([token]) => {
    if (token === '*') return 'any';
    if (token === '?') return () => true;
    if (token.length > 2 && token.startsWith('[')) return toClass(token.slice(1, -1));
    return (character) => character === token;
  });
}

/** `a-z_`, or `!a-z_` for all others. */
function toClass(text: string): (character: string) => boolean {
  const isNegated = text.startsWith('!');
  const ranges = [...text.slice(isNegated ? 1 : 0).matchAll(/(.)-(.)|(.)/gsu)].map(
    ([, from, to, one = '']) => [from ?? one, to ?? one] as const,
  );
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated;
}

function refused(what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `the pattern ${what}` });
}
