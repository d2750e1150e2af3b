import { style, screenWidth, toSeconds, type Screen } from '../table.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;

/** A moving line on a screen that tells how many checks are done and what is waited for; nothing elsewhere. */
export class CheckProgress {
  readonly #stream: Screen;
  readonly #waiting = new Set<string>();
  readonly #startedAt = performance.now();
  #count = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Screen) {
    this.#stream = stream;
  }

  /** Shows that something is under way until its promise is settled. @param name what it is, for people */
  async during<Value>(name: string, work: Promise<Value>): Promise<Value> {
    this.#count++;
    this.#waiting.add(name);
    if (this.#stream.isTTY === true) this.#timer ??= setInterval(() => this.#draw(), frameMs);
    try {
      return await work;
    } finally {
      this.#waiting.delete(name);
    }
  }

  /** Takes the line away. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY === true) this.#stream.write('\r\u001B[K');
  }

  #draw(): void {
    const frame = style('cyan', frames[this.#frame++ % frames.length] ?? '', this.#stream);
    const elapsed = toSeconds(performance.now() - this.#startedAt);
    const text = `${elapsed}  ${this.#count - this.#waiting.size} of ${this.#count} checks, waiting for ${[...this.#waiting].join(', ')}`;
    // A line that is longer than the screen could not be rewritten.
    const room = screenWidth(this.#stream) - 3;
    this.#stream.write(`\r\u001B[K${frame} ${text.length <= room ? text : `${text.slice(0, room - 1)}…`}`);
  }
}
