import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Screen } from '../table.ts';

/** To the beginning of the line, and away with it. */
const rewrite = '\r\u001B[K';

/** A screen that keeps what was written to it. */
export interface FakeScreen {
  readonly stream: Screen;
  /** The lines as they stand on the screen: rewritten lines as they were last, without colours. */
  readonly lines: () => string[];
}

/** A terminal of so many columns; without columns, a file. */
export function fakeScreen(columns?: number): FakeScreen {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const lines = (): string[] =>
    text
      .split('\n')
      .map((line) => stripVTControlCharacters(line.split(rewrite).at(-1) ?? ''))
      .filter((line) => line !== '');
  return { stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }), lines };
}
