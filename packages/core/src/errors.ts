import { redact } from './redact.ts';

/** gRPC's status codes by name, without OK. */
export const errorCodes = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** One of gRPC's status codes, as a word. */
export type ErrorCode = (typeof errorCodes)[number];

/** Who can mend it: the task's author, or whoever runs the service, the network or the agent. */
export type ErrorOrigin = 'user' | 'system';

/** Everything an {@link AgentError} may be given. */
export interface AgentErrorOptions {
  readonly code: ErrorCode;
  /** One line: the operation, the job, the service's own reason and what to do. No secret, no stack, no response body. */
  readonly message: string;
  /** Default: `user` for codes that say the task is wrong, else `system`. */
  readonly origin?: ErrorOrigin | undefined;
  /** Whether the same call may succeed later without anybody's doing. Default by code. */
  readonly passes?: boolean | undefined;
  /** What is known of a submit that failed: `no` when the service certainly did not take it. Default: `unknown` for passing errors, else `no`. */
  readonly submitted?: 'no' | 'unknown' | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const userCodes: ReadonlySet<ErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
]);
const lastingSystemCodes: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'DATA_LOSS']);
const brand = Symbol.for('@flyte-agents/core/AgentError');

/**
 * What an agent throws when it could not find out or do something. The dispatcher decides what the engine is told.
 * Ask with {@link AgentError.is}: two copies of this package may be installed.
 */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly origin: ErrorOrigin;
  readonly passes: boolean;
  readonly submitted: 'no' | 'unknown';
  readonly retryAfterMs: number | undefined;
  readonly [brand] = true;

  constructor(options: AgentErrorOptions) {
    super(redact(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = options.code;
    this.origin = options.origin ?? (userCodes.has(options.code) ? 'user' : 'system');
    this.passes = options.passes ?? (this.origin === 'system' && !lastingSystemCodes.has(options.code));
    this.submitted = options.submitted ?? (this.passes ? 'unknown' : 'no');
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether this is an AgentError, of this or another copy of the package. */
  static is(value: unknown): value is AgentError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /** Another error like this one, with some of it changed. */
  static like(
    { code, message, origin, passes, submitted, retryAfterMs, cause }: AgentError,
    changes: Partial<AgentErrorOptions>,
  ): AgentError {
    return new AgentError({ code, message, origin, passes, submitted, retryAfterMs, cause, ...changes });
  }

  /**
   * The error itself if it is an AgentError; of anything else the outcome is unknown. What a signal ended is CANCELLED;
   * the rest is a fault of the agent's own code, which does not pass by itself: INTERNAL.
   */
  static from(error: unknown): AgentError {
    if (AgentError.is(error)) return error;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const isEnded = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
    return new AgentError({
      code: isEnded ? 'CANCELLED' : 'INTERNAL',
      message: isEnded ? 'the call was given up' : `unexpected error: ${firstLine(reason)}`,
      passes: isEnded,
      submitted: 'unknown',
      cause: error,
    });
  }
}

const httpCodes: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'UNAVAILABLE',
  409: 'ALREADY_EXISTS',
  410: 'NOT_FOUND',
  412: 'FAILED_PRECONDITION',
  413: 'INVALID_ARGUMENT',
  422: 'INVALID_ARGUMENT',
  425: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
};

/** The code that an HTTP status stands for, where a service does not say better: 5xx is UNAVAILABLE, another 4xx INVALID_ARGUMENT. */
export function fromHttpStatus(status: number): ErrorCode {
  return httpCodes[status] ?? (status >= 500 ? 'UNAVAILABLE' : status >= 400 ? 'INVALID_ARGUMENT' : 'UNKNOWN');
}

/** What may be secret in a URL: the part before the host, and the query. */
const urlSecrets: RegExp = /(\b[a-z][a-z0-9+.-]*:\/\/)(?:[^\s/?#"'@]*@)?([^\s?"'<>]*)(?:\?[^\s"'<>)]*)?/gi;

/** The first line of a text, at most 1,000 bytes, without secrets, URLs without passwords and queries: what a foreign error may put into a message. */
export function firstLine(text: string): string {
  // What is cut in two is not known as a secret any more: they are taken out first.
  const [line = ''] = redact(text.slice(0, 100_000))
    .slice(0, 4000)
    .split(/[\r\n]/, 1);
  return shortened(line.replace(urlSecrets, '$1$2'), 1000);
}

/** A text of at most `limit` bytes (default 4 KiB), without secrets: longer messages would not fit where the engine keeps them. */
export function shortened(text: string, limit: number = 4096): string {
  // What gRPC and protobuf cannot carry, half a character, is replaced.
  const whole = redact(text).toWellFormed();
  if (Buffer.byteLength(whole) <= limit) return whole;
  const room = limit - Buffer.byteLength('…');
  return `${new TextDecoder().decode(Buffer.from(whole).subarray(0, room)).replace(/\uFFFD+$/, '')}…`;
}
