import { describe, expect, test } from 'vitest';
import { DescribeQueue } from './describe-queue.ts';

const { signal } = new AbortController();

/** A service that answers when it is told to. */
class Service {
  readonly calls: { readonly ids: readonly string[]; readonly signal: AbortSignal; answer: (error?: Error) => void }[] = [];
  readonly queue = new DescribeQueue<{ readonly jobId: string }>(3, async (ids, callSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly { readonly jobId: string }[]>();
    this.calls.push({
      ids,
      signal: callSignal,
      answer: (error) => (error ? reject(error) : resolve(ids.filter((id) => id !== 'gone').map((jobId) => ({ jobId })))),
    });
    return promise;
  });

  get sizes(): readonly number[] {
    return this.calls.map(({ ids }) => ids.length);
  }
}

const settled = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('C33: questions about jobs', () => {
  test('that come together are one call; who asks for what is not there is told so', async () => {
    const service = new Service();
    const answers = Promise.all(['a', 'b', 'gone'].map((id) => service.queue.get(id, signal)));
    await settled();
    expect(service.calls.map(({ ids }) => ids)).toEqual([['a', 'b', 'gone']]);
    service.calls[0]?.answer();
    expect(await answers).toEqual([{ jobId: 'a' }, { jobId: 'b' }, undefined]);
  });

  test('gather while a call is under way, until they fill one or it ends', async () => {
    const service = new Service();
    const ask = async (id: string): Promise<void> => {
      void service.queue.get(id, signal);
      await settled();
    };
    await ask('a');
    await ask('b');
    await ask('c');
    expect(service.sizes).toEqual([1]);
    await ask('d');
    await ask('e');
    expect(service.sizes).toEqual([1, 3]);
    service.calls[0]?.answer();
    await settled();
    expect(service.sizes).toEqual([1, 3]);
    service.calls[1]?.answer();
    await settled();
    expect(service.sizes).toEqual([1, 3, 1]);
  });

  test('of who has gone are not asked, and a call of which everybody has gone ends and leaves its place', async () => {
    const service = new Service();
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [service.queue.get('a', first.signal), service.queue.get('b', second.signal)];
    const outcomes = Promise.allSettled(answers);
    await settled();
    const late = service.queue.get('c', first.signal).catch(() => 'gone');
    const other = service.queue.get('d', signal);
    first.abort();
    await settled();
    expect(service.calls[0]?.signal.aborted).toBe(false);
    second.abort();
    await settled();
    expect(service.calls[0]?.signal.aborted).toBe(true);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(service.calls[1]?.ids).toEqual(['d']);
    expect(await late).toBe('gone');
    service.calls[1]?.answer();
    expect(await other).toEqual({ jobId: 'd' });
  });

  test('that fail fail together, and the next ones are asked', async () => {
    const service = new Service();
    const answers = Promise.allSettled(['a', 'b'].map((id) => service.queue.get(id, signal)));
    await settled();
    service.calls[0]?.answer(new Error('no'));
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void service.queue.get('c', signal);
    await settled();
    expect(service.sizes).toEqual([2, 1]);
  });
});
