/**
 * The ceiling: what grpc-js itself costs. Decodes nothing, and answers every call of a path with the bytes that it was given
 * for the path: those that the real server answered.
 */
import {
  Server,
  ServerCredentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { answerUsage } from './probe.ts';

/** Tells the echo what to answer from now on; it confirms with `true`. */
export interface EchoAnswer {
  readonly path: string;
  /** Whether the call is a stream both ways, to be answered at its end. */
  readonly stream: boolean;
  readonly answer: Uint8Array;
}

const server = new Server();
const answers = new Map<string, Buffer>();
const same = (bytes: Buffer): Buffer => bytes;

answerUsage();
process.on('message', (message) => {
  if (!isAnswer(message)) return;
  const { path, stream, answer } = message;
  if (!answers.has(path)) server.addService(definition(path, stream), { call: stream ? echoStream(path) : echo(path) });
  answers.set(path, Buffer.from(answer));
  process.send?.(true);
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`serving on 127.0.0.1:${port}\n`);
});

function definition(path: string, stream: boolean): ServiceDefinition<{ call: MethodDefinition<Buffer, Buffer> }> {
  return {
    call: {
      path,
      requestStream: stream,
      responseStream: stream,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
}

function echo(path: string): handleUnaryCall<Buffer, Buffer> {
  return (_call, callback) => callback(null, answerTo(path));
}

function echoStream(path: string): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    call.on('data', () => {});
    call.on('end', () => {
      call.write(answerTo(path));
      call.end();
    });
  };
}

function answerTo(path: string): Buffer {
  return answers.get(path) ?? Buffer.alloc(0);
}

function isAnswer(message: unknown): message is EchoAnswer {
  return typeof message === 'object' && message !== null && 'answer' in message;
}
