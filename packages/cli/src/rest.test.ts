import { expect, test, vi } from 'vitest';
import { giveBackMemory } from './rest.ts';

test('what nobody needs any more is freed', async () => {
  const unneeded = forgotten();
  giveBackMemory(0);
  // A comparison: what an expectation was given, its error keeps.
  await vi.waitFor(() => expect(unneeded.deref() === undefined).toBe(true), { timeout: 5000 });
});

/** An object of which its maker keeps nothing. */
function forgotten(): WeakRef<object> {
  return new WeakRef({ bytes: new Uint8Array(1_000_000) });
}
