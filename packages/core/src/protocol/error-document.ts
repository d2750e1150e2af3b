import { fromBinary } from '@bufbuild/protobuf';
import { ContainerError_Kind, ErrorDocumentSchema, ExecutionError_ErrorKind } from '@flyte-agents/proto/flyte1';
import { AgentError, firstLine, type ErrorOrigin } from '../errors.ts';
import type { AgentContext } from '../task.ts';

/** Why a task's container failed, in its own words. */
export interface ErrorDocument {
  /** `ValueError`, `USER:RuntimeError`… */
  readonly code: string;
  /** May have many lines, and what the task's own code put there. */
  readonly message: string;
  /** Whether the container says that another attempt may succeed. */
  readonly recoverable: boolean;
  /** Absent when it does not say. */
  readonly origin?: ErrorOrigin | undefined;
}

/** The largest that is read, in bytes. */
const largestDocument = 1024 * 1024;

/**
 * Reads what a task's container wrote to `error.pb` at its output prefix when it failed. `undefined` when it wrote nothing, or
 * nothing that this server may read and understands: the service's own reason will have to do then.
 *
 * @throws AgentError a passing fault of the store
 */
export async function readErrorDocument(
  { store, signal, logger }: Pick<AgentContext, 'store' | 'signal' | 'logger'>,
  outputPrefix: string,
): Promise<ErrorDocument | undefined> {
  try {
    const bytes = await store.read(`${outputPrefix.replace(/\/+$/, '')}/error.pb`, { maxBytes: largestDocument, signal });
    return decode(bytes);
  } catch (error) {
    const fault = AgentError.from(error);
    if (fault.passes) throw fault;
    if (fault.code !== 'NOT_FOUND') logger.debug({ code: fault.code }, `error.pb is not read: ${fault.message}`);
    return undefined;
  }
}

function decode(bytes: Uint8Array): ErrorDocument | undefined {
  try {
    const { error } = fromBinary(ErrorDocumentSchema, bytes);
    if (error === undefined) return undefined;
    const { code, message, kind, origin } = error;
    return { code, message, recoverable: kind === ContainerError_Kind.RECOVERABLE, origin: origins.get(origin) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentError({ code: 'DATA_LOSS', message: `it is no ErrorDocument: ${firstLine(reason)}`, cause: error });
  }
}

const origins: ReadonlyMap<number, ErrorOrigin> = new Map([
  [ExecutionError_ErrorKind.USER, 'user'],
  [ExecutionError_ErrorKind.SYSTEM, 'system'],
]);
