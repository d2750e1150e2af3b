import { Random } from './random.ts';

/** Names the one random case to run again. */
export const seedVariable = 'FLYTE_AGENTS_SEED';

/** The seeds of many random cases, from one seed; only the one that the environment's `FLYTE_AGENTS_SEED` names, if there is any. */
export function* seeds(seed: number, count: number): Generator<number> {
  const again = process.env[seedVariable];
  if (again !== undefined && again !== '') {
    yield Number(again);
    return;
  }
  const random = new Random(seed);
  for (let index = 0; index < count; index++) yield random.bits();
}
