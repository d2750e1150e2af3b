import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connect } from './client.ts';
import { AsyncAgentService, SyncAgentService } from './flyte1.ts';
import { addService, type Handlers } from './grpc.ts';

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

/** A server whose create answers its output prefix, whose get waits for ever, and whose sync calls echo. */
async function harness() {
  const server = new Server();
  const arrived = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const bytesRead: number[] = [];
  const readers = {
    createTask: (bytes: Uint8Array) => {
      bytesRead.push(bytes.byteLength);
      return 'read otherwise';
    },
  };
  const handlers: Handlers<typeof AsyncAgentService.method, typeof readers> = {
    createTask: (call, callback) => callback(null, { resourceMeta: Buffer.from(call.request) }),
    getTask: (call) => {
      arrived.resolve();
      call.on('cancelled', () => cancelled.resolve());
    },
    deleteTask: (_call, callback) => callback({ code: status.NOT_FOUND, details: 'gone' }),
    getTaskMetrics: (_call, callback) => callback(null, {}),
    getTaskLogs: (call) => {
      call.write({ part: { case: 'header', value: { token: call.request.token } } });
      call.write({ part: { case: 'header', value: { token: 'last' } } });
      call.end();
    },
  };
  addService(server, AsyncAgentService, handlers, readers);
  addService(server, SyncAgentService, {
    executeTaskSync: (call) => {
      let parts = 0;
      call.on('data', () => parts++);
      call.on('end', () => {
        call.write({ res: { case: 'header', value: { resource: { message: `${parts} parts` } } } });
        call.end();
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const address = `127.0.0.1:${port}`;
  const connection = connect(address);
  open.push(
    () => server.forceShutdown(),
    () => connection.close(),
  );
  return {
    address,
    agent: connection.client(AsyncAgentService),
    sync: connection.client(SyncAgentService),
    arrived: arrived.promise,
    cancelled: cancelled.promise,
    bytesRead,
  };
}

async function all<Message>(messages: AsyncIterable<Message>): Promise<readonly Message[]> {
  const read: Message[] = [];
  for await (const message of messages) read.push(message);
  return read;
}

describe('a client', () => {
  test('calls a method, whose requests the server may read in its own way', async () => {
    const { agent, bytesRead } = await harness();
    const { resourceMeta } = await agent.createTask({ outputPrefix: 's3://b' });
    expect(Buffer.from(resourceMeta).toString()).toBe('read otherwise');
    expect(bytesRead).toEqual([8]);
  });

  test('of several servers asks each in turn', async () => {
    const servers = await Promise.all([harness(), harness()]);
    const connection = connect(servers.map(({ address }) => address).join(','));
    open.push(() => connection.close());
    const agent = connection.client(AsyncAgentService);
    const asked = (): number[] => servers.map(({ bytesRead }) => bytesRead.length);
    await vi.waitFor(async () => {
      await agent.createTask({});
      expect(Math.min(...asked())).toBeGreaterThan(0);
    });
    const before = asked();
    for (let call = 0; call < 10; call++) await agent.createTask({});
    expect(asked()).toEqual(before.map((count) => count + 5));
  });

  test('has the server’s error', async () => {
    const { agent } = await harness();
    await expect(agent.deleteTask({})).rejects.toMatchObject({ code: status.NOT_FOUND, details: 'gone' });
  });

  test('reads a stream', async () => {
    const { agent } = await harness();
    const parts = await all(agent.getTaskLogs([{ token: 'first' }]));
    expect(parts.map(({ part }) => part.case === 'header' && part.value.token)).toEqual(['first', 'last']);
  });

  test('sends a stream and ends it', async () => {
    const { sync } = await harness();
    const [answer] = await all(sync.executeTaskSync([{}, {}, {}]));
    expect(answer?.res).toMatchObject({ value: { resource: { message: '3 parts' } } });
  });

  test('ends a call at its time', async () => {
    const { agent } = await harness();
    await expect(agent.getTask({}, { timeoutMs: 30 })).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });

  test('cancels a call with its signal, on the server too', async () => {
    const { agent, arrived, cancelled } = await harness();
    const controller = new AbortController();
    void arrived.then(() => controller.abort());
    await expect(agent.getTask({}, { signal: controller.signal })).rejects.toMatchObject({ code: status.CANCELLED });
    await cancelled;
  });

  test('makes no call with a signal that is aborted already', async () => {
    const { agent, sync } = await harness();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(agent.getTask({}, { signal })).rejects.toThrow('too late');
    expect(() => sync.executeTaskSync([{}], { signal })).toThrow('too late');
  });
});
