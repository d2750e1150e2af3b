import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { Call } from '../dispatcher/call.ts';
import { continueTrace } from '../tracing.ts';
import { toStatus } from './status.ts';

/** What a grpc-js server call knows of its caller. */
interface ServerCall {
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** The dispatcher's view of a grpc-js call. Must be ended. */
export function beginCall(serverCall: ServerCall): Call {
  const deadline = Number(serverCall.getDeadline());
  const call = new Call(Number.isFinite(deadline) ? deadline : undefined);
  serverCall.on('cancelled', () => call.cancel());
  return call;
}

/** A handler of one request and one response; errors become a status. */
export function unary<Input, Output>(handle: (request: Input, call: Call) => Promise<Output>): handleUnaryCall<Input, Output> {
  return (serverCall, callback) => {
    const call = beginCall(serverCall);
    const answer = async (): Promise<void> => {
      try {
        callback(null, await handle(serverCall.request, call));
      } catch (error) {
        callback(toStatus(error));
      } finally {
        call.end();
      }
    };
    void continueTrace(serverCall, answer);
  };
}

/** A handler of one request and a stream of responses; waits while the caller reads slowly. */
export function serverStream<Input, Output>(
  handle: (request: Input, call: Call) => AsyncIterable<Output>,
): handleServerStreamingCall<Input, Output> {
  return (serverCall) => {
    const call = beginCall(serverCall);
    const answer = async (): Promise<void> => {
      try {
        for await (const response of handle(serverCall.request, call)) await write(serverCall, response, call);
        serverCall.end();
      } catch (error) {
        serverCall.emit('error', toStatus(error));
      } finally {
        call.end();
      }
    };
    void continueTrace(serverCall, answer);
  };
}

async function write<Output>(stream: ServerWritableStream<unknown, Output>, response: Output, call: Call): Promise<void> {
  if (call.signal.aborted || stream.write(response)) return;
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  stream.once('drain', resolve);
  await call.within(drained);
}
