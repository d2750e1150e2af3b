import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AsyncAgent } from './agent.ts';
import { randomKey } from './idempotency.ts';
import { hide } from './redact.ts';
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

  test('R8: tells no secret that was handed out: a job’s is refused, a failure’s has a mark', () => {
    hide('secret-of-a-job');
    for (const content of [
      { kind: 'ref', ref: { jobId: 'secret-of-a-job' } },
      { kind: 'pending', where: { 'secret-of-a-job': Buffer.from('u:secret-of-a-job').toString('base64') } },
      { kind: 'result', result: { text: 'secret-of-a-job' } },
    ] as const) {
      const error: unknown = expect.objectContaining({ code: 'INTERNAL', passes: false, message: expect.not.stringContaining('of-a-job') });
      expect(() => encodeReference({ ...reference, content })).toThrow(error);
    }
    const failure = { code: 'UNAUTHENTICATED', message: 'key secret-of-a-job', retryable: true } as const;
    const read = decodeReference(encodeReference({ ...reference, project: 'secret-of-a-job', content: { kind: 'failure', failure } }));
    expect(read).toMatchObject({ project: 'secret-of-a-job', content: { failure: { message: 'key [redacted]' } } });
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

describe('an envelope', () => {
  const envelope = { type: 'job', project: 'flytesnacks', domain: 'development', key: randomKey(), at: 1_795_000_000_000 };
  const json = (changes: object): Uint8Array => bytesOf(JSON.stringify({ v: 1, ...envelope, ref: {}, ...changes }));

  test.each<Reference['content']>([
    { kind: 'ref', ref: { job: 'größe', nested: { list: [1, null, true] } } },
    { kind: 'result', result: { text: 'x', ['__proto__']: { $integer: '5' } } },
    { kind: 'failure', failure: { code: 'PERMISSION_DENIED', message: 'grant jobs.run', retryable: true } },
    { kind: 'failure', failure: { code: 'INVALID_ARGUMENT', message: '', retryable: false } },
    { kind: 'pending', where: { region: 'eu' } },
  ])('C9: holds $kind and gives it back', (content) => {
    const bytes = encodeReference({ ...envelope, content });
    expect(decodeReference(bytes)).toEqual({ ...envelope, content });
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ v: 1, ...envelope });
  });

  test('P7: takes at most 8 KiB, in bytes and not in characters', () => {
    const fits: Reference = { ...envelope, content: { kind: 'ref', ref: { text: 'é'.repeat(4000) } } };
    const tooLarge: Reference = { ...envelope, content: { kind: 'ref', ref: { text: 'é'.repeat(4090) } } };
    expect(encodeReference(fits).byteLength).toBeLessThanOrEqual(8192);
    expect(() => encodeReference(tooLarge)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/takes \d+ bytes, 8192 are allowed/) }),
    );
  });

  test.each<readonly [string, Uint8Array, RegExp]>([
    ['that is too large', bytesOf(`{"v":1,"x":"${'x'.repeat(8192)}"}`), /has 82\d\d bytes/],
    ['that Python pickled', Uint8Array.of(0x80, 4, 0x95, 1), /a Python agent pickled it.*start the task again/],
    ['that Python pickled, however large', new Uint8Array(10_000).fill(0x80), /a Python agent pickled it/],
    ['of a later version', json({ v: 2 }), /version is 2, this server reads version 1: update the server/],
    ['of no version', json({ v: null }), /version is null/],
    ['of no bytes', new Uint8Array(), /not JSON/],
    ['of no UTF-8', Uint8Array.of(0xff, 0xfe), /not JSON/],
    ['that is a list', bytesOf('[1]'), /not JSON/],
    ['that is cut off', json({}).subarray(0, 40), /not JSON/],
    ['without a job', json({ ref: undefined }), /neither a job nor a result nor a failure/],
    ['whose job is no object', json({ ref: 'job' }), /neither a job/],
    ...['type', 'project', 'domain', 'key', 'at'].map(
      (field) => [`without ${field}`, json({ [field]: undefined }), /a field of it is missing/] as const,
    ),
    ...['type', 'project', 'domain', 'key'].map((field) => [`with a wrong ${field}`, json({ [field]: 5 }), /of another type/] as const),
    ['whose time is text', json({ at: '5' }), /of another type/],
    ['whose key is no key', json({ key: '../../etc/passwd' }), /of another type/],
  ])('C6: %s cannot be read, and says why', (_name, bytes, why) => {
    expect(() => decodeReference(bytes)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', origin: 'user', message: expect.stringMatching(why) }),
    );
  });

  test('R4: tells a failure also where a secret is a word of the format', () => {
    hide('retryable');
    const failure = { code: 'INVALID_ARGUMENT', message: 'bad SQL', retryable: false } as const;
    const bytes = encodeReference({ ...envelope, content: { kind: 'failure', failure } });
    expect(decodeReference(bytes).content).toEqual({ kind: 'failure', failure });
  });

  test('a failure of a later version of this server is still a failure', () => {
    expect(decodeReference(json({ ref: undefined, failure: { code: 'NEW_CODE' } })).content).toEqual({
      kind: 'failure',
      failure: { code: 'UNKNOWN', message: 'the task failed', retryable: false },
    });
  });
});
