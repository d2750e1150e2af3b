import { AgentError, type ErrorCode } from '../errors.ts';

/** Why a fetch failed, before it is told which fetch it was. */
export class FetchFault extends Error {
  readonly code: ErrorCode;
  readonly passes: boolean;

  constructor(reason: string, { code, passes }: { readonly code: ErrorCode; readonly passes: boolean }) {
    super(reason);
    this.code = code;
    this.passes = passes;
  }
}

/** What the task's author, or an operator, has to change. */
export function refused(reason: string): FetchFault {
  return new FetchFault(reason, { code: 'INVALID_ARGUMENT', passes: false });
}

/** An answer beyond the limits. */
export function tooLarge(reason: string): FetchFault {
  return new FetchFault(reason, { code: 'OUT_OF_RANGE', passes: false });
}

/** What may be gone the next time. */
export function unavailable(reason: string): FetchFault {
  return new FetchFault(reason, { code: 'UNAVAILABLE', passes: true });
}

/** What whoever runs the host, the proxy or this server has to change. */
export function broken(reason: string): FetchFault {
  return new FetchFault(reason, { code: 'UNAVAILABLE', passes: false });
}

/** What the machine's words for a fault mean. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the host does not answer',
};

/** The error of a fetch. Of foreign errors only the code is told: their texts may hold the URL or the answer. */
export function toAgentError(error: unknown, { label, isSent }: { readonly label: string; readonly isSent: boolean }): AgentError {
  const fault = error instanceof FetchFault ? error : fromSystem(error);
  if (fault === undefined) return AgentError.from(error);
  const { message, code, passes } = fault;
  return new AgentError({ code, message: `${label}: ${message}`, passes, submitted: isSent ? 'unknown' : 'no', cause: error });
}

/** A fault that Node tells by a code; `undefined` for other errors. */
function fromSystem(error: unknown): FetchFault | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const code = String(error.code);
  if (code === 'HPE_HEADER_OVERFLOW') return tooLarge('the headers of the answer are too large');
  return unavailable(reasons[code] ?? `the answer cannot be read (${code})`);
}
