import { expect, test } from 'vitest';
import { isOver, queryPhase, stateOf } from './states.ts';

test.each([
  ['QUEUED', 'WAITING_FOR_RESOURCES'],
  ['QUEUED_REPARING_WAREHOUSE', 'WAITING_FOR_RESOURCES'],
  ['BLOCKED', 'WAITING_FOR_RESOURCES'],
  ['RESUMING_WAREHOUSE', 'INITIALIZING'],
  ['RUNNING', 'RUNNING'],
  ['RESTARTED', 'RUNNING'],
  ['ABORTING', 'RUNNING'],
  ['NO_DATA', 'RUNNING'],
  ['NO_QUERY_DATA', 'RUNNING'],
  ['SUCCESS', 'SUCCEEDED'],
  ['FAILED_WITH_ERROR', 'FAILED'],
  ['FAILED_WITH_INCIDENT', 'RETRYABLE_FAILED'],
  ['DISCONNECTED', 'RETRYABLE_FAILED'],
  ['ABORTED', 'FAILED'],
  ['INVENTED_LATER', 'RUNNING'],
])('SF2, SF16: %s is %s', (state, phase) => {
  expect(queryPhase(state)).toBe(phase);
  expect(isOver(state)).toBe(['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED'].includes(phase));
});

test.each([
  ['000904', '42000', 'FAILED_WITH_ERROR'],
  ['000604', '57014', 'ABORTED'],
  ['000630', '57014', 'ABORTED'],
  ['000603', 'XX000', 'FAILED_WITH_INCIDENT'],
])('SF2: a failure with code %s (%s) is %s', (code, sqlState, state) => {
  expect(stateOf({ state: 'FAILED', code, sqlState })).toBe(state);
  expect(stateOf({ state: 'RUNNING', code, sqlState })).toBe('RUNNING');
});
