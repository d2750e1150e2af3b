import { styleText } from 'node:util';

/** Prints a line. */
export function print(text: string = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Checks that are told as they are made. One that fails stops none of those after it. */
export class Checks {
  #failed = 0;

  /** How many have failed so far. */
  get failed(): number {
    return this.#failed;
  }

  /** Prints the heading of the checks that follow. */
  about(heading: string): void {
    print(`\n${styleText('bold', heading)}`);
  }

  /** Makes a check; what it gives is told beside its name. A rejection is a failure; the answer is then `undefined`. */
  async check<Value>(name: string, work: () => Promise<Value>): Promise<Value | undefined> {
    const startedAt = performance.now();
    const time = (): string => styleText('dim', `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`);
    try {
      const value = await work();
      print(`${time()}  ${styleText('green', '✔')} ${name}${typeof value === 'string' ? styleText('dim', `: ${value}`) : ''}`);
      return value;
    } catch (error) {
      this.#failed += 1;
      print(`${time()}  ${styleText('red', '✖')} ${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}
