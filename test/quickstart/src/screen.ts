import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Prints a line, styled where the screen shows styles. */
export function print(text: string = '', format: Format = []): void {
  process.stdout.write(`${styled(text, format)}\n`);
}

/** A text in a style, where the screen shows styles. */
export function styled(text: string, format: Format): string {
  return styleText(format, text);
}

/** The colour of a phase. */
export function phaseFormat(phase: string): Format {
  if (phase === 'SUCCEEDED') return 'green';
  if (phase === 'FAILED' || phase === 'RETRYABLE_FAILED') return 'red';
  return phase === 'ABORTED' ? 'yellow' : 'cyan';
}

/** A length of time: `  3.2 s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(5)} s`;
}

/** The width of the widest phase that a task ends with. */
export const endWidth: number = 'RETRYABLE_FAILED'.length;

/** The width of the widest phase. */
export const phaseWidth: number = 'WAITING_FOR_RESOURCES'.length;

/** A text without breaks: `cause: at line 7`. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' · ').trimEnd();
}
