import { stripVTControlCharacters } from 'node:util';
import type { LogLink } from '@flyte-agents/core';
import { hasEnded } from './engine/client.ts';
import type { TaskProgress } from './engine/run.ts';
import { screenWidth, style, toSeconds, type Screen } from './table.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;

/**
 * Shows how a task goes on. On a screen, the last line moves: phase, time, message; a phase that is over stays above it.
 * Elsewhere every change is a line. The end of the last attempt is left to the result.
 */
export class ProgressView {
  readonly #stream: Screen;
  readonly #links = new Set<string>();
  #last: TaskProgress | undefined;
  #shownAt = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Screen) {
    this.#stream = stream;
  }

  update(progress: TaskProgress): void {
    const last = this.#last;
    const isNewPhase = last?.phase !== progress.phase || last.attempt !== progress.attempt;
    if (this.#stream.isTTY === true) {
      if (isNewPhase && last !== undefined)
        this.#settle({ ...last, elapsedMs: hasEnded(last.phase) ? last.elapsedMs : progress.elapsedMs });
      this.#last = progress;
      this.#shownAt = performance.now();
      this.#showLinks(progress.links);
      this.#timer ??= setInterval(() => this.#draw(), frameMs);
      this.#draw();
      return;
    }
    this.#last = progress;
    if (last !== undefined && hasEnded(last.phase)) this.print(this.#line(last));
    if (!hasEnded(progress.phase) && (isNewPhase || last.message !== progress.message)) this.print(this.#line(progress));
    this.#showLinks(progress.links);
  }

  /** Writes a line of somebody else's without spoiling the moving one. */
  print(line: string): void {
    if (this.#stream.isTTY === true) this.#stream.write('\r\u001B[K');
    this.#stream.write(`${line}\n`);
  }

  /** Takes the moving line away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const last = this.#last;
    if (this.#stream.isTTY !== true || last === undefined) return;
    if (hasEnded(last.phase)) this.#stream.write('\r\u001B[K');
    else this.#settle(last);
  }

  /** A phase is over: its line stays. */
  #settle(progress: TaskProgress): void {
    const failed = hasEnded(progress.phase);
    const mark = style(failed ? 'red' : 'dim', failed ? '✖' : '•', this.#stream);
    this.#stream.write(`\r\u001B[K${this.#cut(`${mark} ${this.#line(progress)}`)}\n`);
  }

  #draw(): void {
    const last = this.#last;
    if (last === undefined || hasEnded(last.phase)) return;
    const elapsedMs = last.elapsedMs + performance.now() - this.#shownAt;
    const frame = style('cyan', frames[this.#frame++ % frames.length] ?? '', this.#stream);
    this.#stream.write(`\r\u001B[K${this.#cut(`${frame} ${this.#line({ ...last, elapsedMs })}`)}`);
  }

  #showLinks(links: readonly LogLink[]): void {
    for (const { name, uri } of links) {
      if (this.#links.has(uri)) continue;
      this.#links.add(uri);
      this.print(`  ${style('dim', `${name}:`, this.#stream)} ${uri}`);
    }
  }

  #line({ phase, message, elapsedMs, attempt, attempts }: TaskProgress): string {
    const which = attempts > 1 ? `attempt ${attempt} of ${attempts}  ` : '';
    return `${toSeconds(elapsedMs).padStart(7)}  ${which}${phase.padEnd('INITIALIZING'.length)}  ${message.replaceAll(/[\s\p{Cc}]+/gu, ' ')}`.trimEnd();
  }

  /** A line that is longer than the screen could not be rewritten. */
  #cut(line: string): string {
    const room = screenWidth(this.#stream) - 1;
    const plain = stripVTControlCharacters(line);
    return plain.length <= room ? line : `${line.slice(0, line.length - plain.length + room - 1)}…`;
  }
}
