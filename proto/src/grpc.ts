/** Protobuf-es services on @grpc/grpc-js. */
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type Server,
} from '@grpc/grpc-js';

/** A request as the server sees it: the message, unless the service's definition was given another reader for the method. */
export type Request<Method, Readers, Name extends PropertyKey> = Name extends keyof Readers
  ? Readers[Name] extends Reader<infer Value>
    ? Value
    : never
  : Method extends { input: infer Input extends DescMessage }
    ? MessageShape<Input>
    : never;

type Response<Method> = Method extends { output: infer Output extends DescMessage } ? MessageInitShape<Output> : never;

/** Reads one request message from its bytes. */
export type Reader<Value> = (bytes: Uint8Array) => Value;

type MethodReaders<Methods> = { [Name in keyof Methods]?: Reader<unknown> };

/** The handlers of one service, as {@link addService} takes them. */
export type Handlers<Methods extends GenServiceMethods, Readers = object> = {
  [Name in keyof Methods]: Handler<Methods[Name]['methodKind'], Request<Methods[Name], Readers, Name>, Response<Methods[Name]>>;
};

type Handler<Kind, Input, Output> = Kind extends 'unary'
  ? handleUnaryCall<Input, Output>
  : Kind extends 'server_streaming'
    ? handleServerStreamingCall<Input, Output>
    : Kind extends 'client_streaming'
      ? handleClientStreamingCall<Input, Output>
      : handleBidiStreamingCall<Input, Output>;

/**
 * Adds a service to a server.
 *
 * @param readers replaces how the requests of single methods are read, for example to leave a large field undecoded
 */
export function addService<Methods extends GenServiceMethods>(
  server: Server,
  service: GenService<Methods>,
  handlers: Handlers<Methods>,
): void;
export function addService<Methods extends GenServiceMethods, Readers extends MethodReaders<Methods>>(
  server: Server,
  service: GenService<Methods>,
  handlers: Handlers<Methods, Readers>,
  readers: Readers,
): void;
export function addService<Methods extends GenServiceMethods>(
  server: Server,
  service: GenService<Methods>,
  handlers: Handlers<Methods>,
  readers: MethodReaders<Methods> = {},
): void {
  const methods = service.methods.map((method) => [method.localName, methodDefinition(method, readers[method.localName])] as const);
  server.addService(Object.fromEntries(methods), { ...handlers });
}

/** How grpc-js is told of a method. */
export function methodDefinition(method: DescMethod, reader?: Reader<unknown>): MethodDefinition<unknown, unknown> {
  const parent: DescService = method.parent;
  const kind = method.methodKind;
  return {
    path: `/${parent.typeName}/${method.name}`,
    requestStream: kind === 'client_streaming' || kind === 'bidi_streaming',
    responseStream: kind === 'server_streaming' || kind === 'bidi_streaming',
    requestSerialize: (value) => serialize(method.input, value),
    requestDeserialize: reader ?? ((bytes) => fromBinary(method.input, bytes)),
    responseSerialize: (value) => serialize(method.output, value),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function serialize(schema: DescMessage, value: unknown): Buffer {
  // grpc-js hands over what a typed handler or client was given: a message or its init shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const bytes = toBinary(schema, create(schema, value as MessageInitShape<DescMessage>));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
