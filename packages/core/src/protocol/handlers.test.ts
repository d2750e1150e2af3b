import { describe, expect, test } from 'vitest';
import type { Phase } from '../phase.ts';
import type { Resource } from '../task.ts';
import { toAnswer } from './handlers.ts';

/** A protocol that has no place for what agents add to a task's event. */
function toMessage(resource: Resource): Resource {
  if (resource.customInfo !== undefined) throw new TypeError('no place');
  return resource;
}

describe('R3: an answer that cannot be sent', () => {
  test.each<Phase>(['WAITING_FOR_RESOURCES', 'RUNNING', 'RETRYABLE_FAILED', 'FAILED'])('leaves a task %s', (phase) => {
    const message = 'what is known of the task cannot be sent: unexpected error: TypeError: no place';
    expect(toAnswer({ phase, customInfo: {} }, toMessage)).toEqual({ phase, message });
  });

  test('fails a task that succeeded: its result is lost', () => {
    const message = 'the task ended, but its result cannot be sent: unexpected error: TypeError: no place';
    expect(toAnswer({ phase: 'SUCCEEDED', customInfo: {} }, toMessage)).toEqual({ phase: 'FAILED', message });
  });
});
