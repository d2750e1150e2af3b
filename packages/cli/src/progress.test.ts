import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeScreen } from './__fixtures__/screen.ts';
import type { TaskPhase } from './engine/client.ts';
import type { TaskProgress } from './engine/run.ts';
import { ProgressView } from './progress.ts';

const link = { name: 'Console', uri: 'https://example.com/1' };

function at(elapsedMs: number, phase: TaskPhase, message: string = '', more: Partial<TaskProgress> = {}): TaskProgress {
  return { taskType: 'x', phase, message, links: [], attempt: 1, attempts: 1, elapsedMs, ...more };
}

describe('on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('the last line moves, and phases that are over stay above it with their links', () => {
    const { stream, lines } = fakeScreen(60);
    const view = new ProgressView(stream);
    view.update(at(0, 'QUEUED'));
    view.update(at(100, 'RUNNING', 'step 1', { links: [link] }));
    view.update(at(1100, 'RUNNING', 'step 2', { links: [link] }));
    expect(lines()).toEqual([
      '•   0.1 s  QUEUED',
      '  Console: https://example.com/1',
      expect.stringMatching(/^.   1\.1 s  RUNNING       step 2$/),
    ]);
    vi.advanceTimersByTime(2000);
    expect(lines().at(-1)).toMatch(/^.   3\.1 s  RUNNING       step 2$/);
    view.update(at(4000, 'SUCCEEDED', 'done'));
    view.stop();
    expect(lines()).toEqual(['•   0.1 s  QUEUED', '  Console: https://example.com/1', '•   4.0 s  RUNNING       step 2']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a long message is cut at the edge, and one of many lines is one line', () => {
    const { stream, lines } = fakeScreen(40);
    const view = new ProgressView(stream);
    view.update(at(0, 'RUNNING', 'first line\n\u001B[2Jsecond line and so on'));
    view.stop();
    expect(lines()).toEqual(['•   0.0 s  RUNNING       first line [2…']);
  });

  test('a failed attempt stays, the next one follows', () => {
    const { stream, lines } = fakeScreen(80);
    const view = new ProgressView(stream);
    view.update(at(0, 'RUNNING', '', { attempts: 2 }));
    view.update(at(1000, 'RETRYABLE_FAILED', 'evicted', { attempts: 2 }));
    view.update(at(1000, 'QUEUED', '', { attempt: 2, attempts: 2 }));
    view.update(at(2000, 'FAILED', 'told by the result', { attempt: 2, attempts: 2 }));
    view.stop();
    expect(lines()).toEqual([
      '•   1.0 s  attempt 1 of 2  RUNNING',
      '✖   1.0 s  attempt 1 of 2  RETRYABLE_FAILED  evicted',
      '•   2.0 s  attempt 2 of 2  QUEUED',
    ]);
  });

  test("somebody else's line stands above the moving one", () => {
    const { stream, lines } = fakeScreen(80);
    const view = new ProgressView(stream);
    view.update(at(0, 'RUNNING'));
    view.print('a warning');
    vi.advanceTimersByTime(100);
    expect(lines()).toEqual(['a warning', expect.stringContaining('RUNNING')]);
    view.stop();
  });
});

test('elsewhere, every change is a line, and a repetition is none', () => {
  const { stream, lines } = fakeScreen();
  const view = new ProgressView(stream);
  view.update(at(0, 'QUEUED', '', { attempts: 2 }));
  view.update(at(1000, 'RUNNING', 'step 1', { attempts: 2, links: [link] }));
  view.update(at(2000, 'RUNNING', 'step 1', { attempts: 2, links: [link] }));
  view.update(at(3000, 'RETRYABLE_FAILED', 'evicted', { attempts: 2 }));
  view.update(at(3000, 'QUEUED', '', { attempt: 2, attempts: 2 }));
  view.update(at(4000, 'SUCCEEDED', 'done', { attempt: 2, attempts: 2 }));
  view.stop();
  expect(lines()).toEqual([
    '  0.0 s  attempt 1 of 2  QUEUED',
    '  1.0 s  attempt 1 of 2  RUNNING       step 1',
    '  Console: https://example.com/1',
    '  3.0 s  attempt 1 of 2  RETRYABLE_FAILED  evicted',
    '  3.0 s  attempt 2 of 2  QUEUED',
  ]);
});
