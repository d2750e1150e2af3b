import { styleText } from 'node:util';

/** The widest that tables and help are made where the width of the screen is not known. */
const usualWidth = 100;
/** The narrowest that a last column is made. */
const narrowest = 20;

/** Where something is shown: standard output or standard error, a terminal or not. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Rows in aligned columns below their headings. The last column may be long: it is broken between words at the width of the
 * stream's screen.
 */
export function toTable(headings: readonly string[], rows: readonly (readonly string[])[], stream: Screen): string {
  const columns = headings.slice(0, -1).map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const indent = columns.reduce((sum, length) => sum + length + 2, 0);
  const room = Math.max(narrowest, screenWidth(stream) - indent);
  const lines = (cells: readonly string[]): string[] => {
    const first = columns.map((length, column) => `${(cells[column] ?? '').padEnd(length)}  `).join('');
    return wrap(cells[headings.length - 1] ?? '', room).map((part, index) =>
      `${index === 0 ? first : ' '.repeat(indent)}${part}`.trimEnd(),
    );
  };
  const [head = ''] = lines(headings);
  return [style('bold', head, stream), ...rows.flatMap(lines)].join('\n');
}

/** A text in a style where the stream shows styles: not in a file, and not with NO_COLOR. */
export function style(format: Parameters<typeof styleText>[0], text: string, stream: Screen): string {
  return styleText(format, text, { stream });
}

/** How many characters fit on a line. */
export function screenWidth(stream: Screen): number {
  return (stream.isTTY === true && stream.columns) || usualWidth;
}

/** A length of time for people: `0.4 s`, `75.0 s`, `3 min 20 s`. */
export function toSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

/** A text's lines, each broken between words so that it is no longer than `room` characters. A longer word stays whole. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    let current = '';
    for (const word of line.split(' ')) {
      const longer = current === '' ? word : `${current} ${word}`;
      if (longer.length <= room || current === '') current = longer;
      else {
        lines.push(current);
        current = word;
      }
    }
    lines.push(current);
  }
  return lines;
}
