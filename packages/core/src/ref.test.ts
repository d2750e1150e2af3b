import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AsyncAgent } from './agent.ts';
import { randomKey } from './idempotency.ts';
import { decodeReference, encodeReference, type Reference } from './ref.ts';

type JobRef = { jobId: string };

class NewAgent extends AsyncAgent<object, JobRef> {
  readonly name: string = 'New Agent';
  readonly taskTypes = [{ name: 'job' }];
  readonly config = z.looseObject({});
  readonly ref = z.object({ jobId: z.string() });
  create = async (): Promise<JobRef> => ({ jobId: '1' });
  get = async (): Promise<{ phase: 'RUNNING' }> => ({ phase: 'RUNNING' });
  delete = async (): Promise<void> => {};
  find = async (): Promise<undefined> => undefined;
  locate = (): object & Record<string, never> => ({});
}

class SuccessorAgent extends NewAgent {
  override readonly name = 'Successor Agent';
  override readonly legacyRef = z.object({ job_id: z.string() }).transform(({ job_id }) => ({ jobId: job_id }));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('a reference of ours', () => {
  const reference: Reference = {
    type: 'job',
    project: 'flytesnacks',
    domain: 'development',
    key: randomKey(),
    at: 1_795_000_000_000,
    content: { kind: 'ref', ref: { jobId: 'job-1' } },
  };

  test('is read as it was written, by an agent that reads Python references too', () => {
    expect(decodeReference(encodeReference(reference))).toEqual(reference);
    expect(decodeReference(encodeReference(reference), new SuccessorAgent())).toEqual(reference);
  });

  test('of a later version is not taken for a Python reference', () => {
    expect(() => decodeReference(bytesOf('{"v":2,"job_id":"job-1"}'), new SuccessorAgent())).toThrow(/version is 2/);
  });
});

describe('a reference of a Python agent', () => {
  const python = bytesOf('{"job_id": "job-1", "project": "p", "location": "EU"}');

  test('has no tenant, is old and leads to the job', () => {
    expect(decodeReference(python, new SuccessorAgent())).toMatchObject({
      project: '',
      domain: '',
      at: 0,
      content: { kind: 'ref', ref: { jobId: 'job-1' } },
    });
  });

  test('has a key that is the same every time and another for another job', () => {
    const { key } = decodeReference(python, new SuccessorAgent());
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(decodeReference(Uint8Array.from(python), new SuccessorAgent()).key).toBe(key);
    expect(decodeReference(bytesOf('{"job_id":"job-2"}'), new SuccessorAgent()).key).not.toBe(key);
  });

  test('names the field that is wrong', () => {
    expect(() => decodeReference(bytesOf('{"job_id":7}'), new SuccessorAgent())).toThrow(/Python agent is not valid: job_id: /);
  });

  test.each([
    ['an agent without a Python predecessor', new NewAgent()],
    ['no agent', undefined],
  ])('is unreadable for %s', (_name, agent) => {
    expect(() => decodeReference(python, agent)).toThrow(/not JSON that this server writes/);
  });

  test.each(['null', '[]', '"text"', 'no JSON', '\u0080\u0004'])('is never %j', (text) => {
    expect(() => decodeReference(bytesOf(text), new SuccessorAgent())).toThrow(/cannot be read/);
  });
});
