import type { Size } from './image.ts';

/** An image, and the Python image that does the same, if it was measured. */
export interface Row {
  readonly image: string;
  readonly size: Size;
  readonly python: Size | undefined;
}

/** Sizes in Markdown, in MB. */
export function toTable(rows: readonly Row[]): string {
  const head = ['Image', 'MB compressed', 'MB unpacked', 'Python: MB compressed', 'MB unpacked'];
  const cells = rows.map(({ image, size, python }) => [
    `\`${image}\``,
    megabytes(size.compressed),
    megabytes(size.unpacked),
    megabytes(python?.compressed),
    megabytes(python?.unpacked),
  ]);
  const widths = head.map((title, column) => Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0), title.length));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...cells.map(line)].join('\n');
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '' : (bytes / 1e6).toFixed(0);
}
