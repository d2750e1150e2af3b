import { afterEach, expect, test } from 'vitest';
import { defineStates, isTerminal, laterPhase, unknownStates, type Phase } from './phase.ts';

const published: unknown[] = [];
const keep = (message: unknown): void => void published.push(message);
afterEach(() => {
  unknownStates.unsubscribe(keep);
  published.length = 0;
});

const phaseOf = defineStates({ PENDING: 'WAITING_FOR_RESOURCES', DONE: 'SUCCEEDED' });

test('a table gives the phase of a state', () => {
  unknownStates.subscribe(keep);
  expect([phaseOf('PENDING'), phaseOf('DONE')]).toEqual(['WAITING_FOR_RESOURCES', 'SUCCEEDED']);
  expect(published).toEqual([]);
});

test('C7: an unknown state is RUNNING and published once per look', () => {
  unknownStates.subscribe(keep);
  expect(phaseOf('PAUSED')).toBe('RUNNING');
  expect(published).toEqual([{ state: 'PAUSED', fallback: 'RUNNING' }]);
  phaseOf('PAUSED');
  expect(published).toHaveLength(2);
});

test('C7: a table may have another fallback', () => {
  expect(defineStates({ UP: 'RUNNING' }, 'INITIALIZING')('?')).toBe('INITIALIZING');
});

test.each(['toString', '__proto__', 'constructor', ''])('C7: the name %j of every object is no state', (state) => {
  expect(phaseOf(state)).toBe('RUNNING');
});

const order: readonly Phase[] = ['WAITING_FOR_RESOURCES', 'INITIALIZING', 'RUNNING', 'SUCCEEDED'];
test.each(order.flatMap((known, i) => order.map((found, j) => ({ known, found, later: j < i ? known : found }))))(
  'R10: after $known, $found is answered as $later',
  ({ known, found, later }) => {
    expect(laterPhase(known, found)).toBe(later);
  },
);

test('the three ends are terminal, nothing else', () => {
  const all: readonly Phase[] = [...order, 'FAILED', 'RETRYABLE_FAILED'];
  expect(all.filter(isTerminal)).toEqual(['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED']);
});
