import { status, type ServiceError } from '@grpc/grpc-js';
import { AgentError, firstLine } from '../errors.ts';

/** An error as grpc-js sends it: the code and one line, short enough for a header also when every byte of it is escaped. */
export function toStatus(error: unknown): Pick<ServiceError, 'code' | 'details'> {
  const { code, message } = AgentError.from(error);
  return { code: status[code], details: firstLine(message) };
}
