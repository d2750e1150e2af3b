/** The load client: sends bytes and counts answers, so that it costs little, and the same for every server. */
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { z } from 'zod';

const loadJob = z.object({
  /** `host:port` */
  address: z.string(),
  path: z.string(),
  /** Whether the call is a stream both ways. */
  stream: z.boolean(),
  /** What one call sends. */
  messages: z.array(z.custom<Uint8Array>((value) => value instanceof Uint8Array)),
  /** Wherever this text stands in a message, the call's number is written over its end: eight hexadecimal digits. */
  mark: z.string().min(8),
  /** The number of the first call. */
  first: z.number(),
  /** After how many calls the numbers begin again. */
  distinct: z.number(),
  calls: z.number(),
  inFlight: z.number(),
  /** Begin this many calls a second, however many are in flight. */
  perSecond: z.number().optional(),
  deadlineMs: z.number(),
  /** How large every answer must be; absent: any size will do. */
  answerBytes: z.number().optional(),
});

/** Calls to make. All at one server, through one connection. */
export type LoadJob = z.infer<typeof loadJob>;

/** What became of the calls. */
export interface LoadResult {
  readonly elapsedMs: number;
  readonly latenciesMs: Float64Array;
  /** How many calls failed, or were answered otherwise than expected. */
  readonly errors: number;
  /** What the first of them got. */
  readonly firstError: string | undefined;
  /** The last answer. */
  readonly answer: Uint8Array;
}

const clients = new Map<string, Client>();
const same = (bytes: Buffer): Buffer => bytes;

process.on('message', (message) => {
  void run(loadJob.parse(message)).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());
process.stdout.write('ready\n');

async function run(job: LoadJob): Promise<LoadResult> {
  const call = caller(job);
  const latenciesMs = new Float64Array(job.calls);
  let answer: Buffer = Buffer.alloc(0);
  let errors = 0;
  let firstError: string | undefined;
  let begun = 0;
  const one = async (index: number): Promise<void> => {
    const started = performance.now();
    try {
      answer = await call(job.first + index);
      if (job.answerBytes !== undefined && answer.byteLength !== job.answerBytes) {
        throw new Error(`an answer of ${answer.byteLength} bytes instead of ${job.answerBytes}: ${answer.toString('latin1')}`);
      }
    } catch (error) {
      errors++;
      firstError ??= error instanceof Error ? error.message : String(error);
    }
    latenciesMs[index] = performance.now() - started;
  };
  const oneAfterTheOther = async (): Promise<void> => {
    while (begun < job.calls) await one(begun++);
  };
  const started = performance.now();
  if (job.perSecond === undefined) await Promise.all(Array.from({ length: Math.min(job.inFlight, job.calls) }, oneAfterTheOther));
  else await paced(job.calls, job.perSecond, one);
  return { elapsedMs: performance.now() - started, latenciesMs, errors, firstError, answer };
}

/** Begins calls at a steady rate, whether or not the ones before have ended. */
async function paced(calls: number, perSecond: number, one: (index: number) => Promise<void>): Promise<void> {
  const { promise: allBegun, resolve } = Promise.withResolvers<void>();
  const underWay: Promise<void>[] = [];
  const started = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(calls, ((performance.now() - started) / 1000) * perSecond);
    while (underWay.length < due) underWay.push(one(underWay.length));
    if (underWay.length >= calls) resolve();
  }, 1);
  await allBegun;
  clearInterval(timer);
  await Promise.all(underWay);
}

/** Makes one call, given its number. */
function caller({ address, path, stream, messages, mark, distinct, deadlineMs }: LoadJob): (number: number) => Promise<Buffer> {
  const client = clients.get(address) ?? new Client(address, credentials.createInsecure());
  clients.set(address, client);
  const templates = messages.map((message) => ({ bytes: Buffer.from(message), offsets: offsetsOf(Buffer.from(message), mark) }));
  const numbered = (number: number): Buffer[] => {
    const text = (number % distinct).toString(16).padStart(8, '0');
    return templates.map(({ bytes, offsets }) => {
      if (offsets.length === 0) return bytes;
      const copy = Buffer.from(bytes);
      for (const offset of offsets) copy.write(text, offset + mark.length - text.length, 'latin1');
      return copy;
    });
  };
  const options = () => ({ deadline: Date.now() + deadlineMs });
  if (!stream) {
    return (number) => {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      const [request = Buffer.alloc(0)] = numbered(number);
      client.makeUnaryRequest(path, same, same, request, options(), (error: ServiceError | null, answer?: Buffer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      });
      return promise;
    };
  }
  return async (number) => {
    const call = client.makeBidiStreamRequest(path, same, same, options());
    for (const message of numbered(number)) call.write(message);
    call.end();
    const answers: Buffer[] = [];
    for await (const answer of call) answers.push(answer);
    return Buffer.concat(answers);
  };
}

function offsetsOf(bytes: Buffer, mark: string): readonly number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) offsets.push(at);
  return offsets;
}
