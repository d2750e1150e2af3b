/** Protobuf-es services called through @grpc/grpc-js, as promises and async iterables. */
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { Client as GrpcClient, credentials, type CallOptions as GrpcCallOptions, type ChannelCredentials } from '@grpc/grpc-js';
import { methodDefinition } from './grpc.ts';

/** Options of one call. */
export interface CallOptions {
  /** How long the call may take, in milliseconds. Default: as long as it likes. */
  readonly timeoutMs?: number;
  /** Cancels the call; when it is aborted already, none is made, and its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** A service's methods: unary ones give a promise, the others take and give streams. */
export type Client<Methods extends GenServiceMethods> = {
  readonly [Name in keyof Methods]: Methods[Name]['methodKind'] extends 'unary'
    ? (request: MessageInitShape<Methods[Name]['input']>, options?: CallOptions) => Promise<MessageShape<Methods[Name]['output']>>
    : (
        requests: readonly MessageInitShape<Methods[Name]['input']>[],
        options?: CallOptions,
      ) => AsyncIterable<MessageShape<Methods[Name]['output']>>;
};

/** A connection to a gRPC server. */
export interface Connection {
  /** The methods of one of the server's services. Errors are grpc-js's ServiceErrors. */
  client<Methods extends GenServiceMethods>(service: GenService<Methods>): Client<Methods>;
  close(): void;
}

/** How gRPC is told to go round. */
const roundRobin = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

/**
 * Connects to `host:port`, by default without TLS; the connection is made by the first call. Several IPv4 addresses with commas
 * between them are servers that take turns, as the replicas behind a headless service do.
 */
export function connect(address: string, channelCredentials: ChannelCredentials = credentials.createInsecure()): Connection {
  const isOne = !address.includes(',');
  const grpc = new GrpcClient(isOne ? address : `ipv4:${address}`, channelCredentials, {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    ...(!isOne && { 'grpc.service_config': roundRobin }),
  });
  return {
    client: <Methods extends GenServiceMethods>(service: GenService<Methods>): Client<Methods> => {
      const methods = service.methods.map((method) => [
        method.localName,
        method.methodKind === 'unary' ? unary(grpc, method) : stream(grpc, method),
      ]);
      // The names and message types come from the same descriptor as the type parameter.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return Object.fromEntries(methods) as Client<Methods>;
    },
    close: () => grpc.close(),
  };
}

function unary(grpc: GrpcClient, method: DescMethod) {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return (request: MessageInitShape<DescMessage>, options: CallOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const cancel = (): void => call.cancel();
      const call = grpc.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, callOptions(options), (error, response) => {
        // One signal may outlive thousands of calls.
        options.signal?.removeEventListener('abort', cancel);
        if (error === null) resolve(response);
        else reject(error);
      });
      options.signal?.addEventListener('abort', cancel, { once: true });
    });
}

function stream(grpc: GrpcClient, method: DescMethod) {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return (requests: readonly MessageInitShape<DescMessage>[], options: CallOptions = {}): AsyncIterable<unknown> => {
    options.signal?.throwIfAborted();
    const call = grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, callOptions(options));
    options.signal?.addEventListener('abort', () => call.cancel(), { once: true });
    for (const request of requests) call.write(request);
    call.end();
    return call;
  };
}

function callOptions({ timeoutMs }: CallOptions): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}
