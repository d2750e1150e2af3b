import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long after the start a server gives memory back, in milliseconds: who waited for it has been answered by then. */
const restMs = 300;

/**
 * Gives back what the start took and needs no more, 10 MB: Node would keep it until there is load. Some 60 ms of work, once.
 *
 * @param delayMs how long to wait before, in milliseconds
 */
export function giveBackMemory(delayMs: number = restMs): void {
  setTimeout(() => {
    // Only a context that is made under the flag has the function.
    setFlagsFromString('--expose-gc');
    // It is V8's own.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, delayMs).unref();
}
