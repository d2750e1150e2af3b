import { status, type ServiceError } from '@grpc/grpc-js';
import { AgentError, firstLine } from '../errors.ts';

/** The longest text of a gRPC status, in characters: it travels in a header, which clients bound at 8 KiB. */
const longestDetails = 2000;

/** An error as grpc-js sends it: the code and one line, nothing else. */
export function toStatus(error: unknown): Pick<ServiceError, 'code' | 'details'> {
  const { code, message } = AgentError.from(error);
  return { code: status[code], details: firstLine(message).slice(0, longestDetails) };
}
