import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '../errors.ts';
import { toUrl, type ObjectLocation, type StoreService } from './location.ts';

/** What a service said when it did not do what was asked. */
export interface Refusal {
  /** Its HTTP status; absent when there was no answer. */
  readonly status: number | undefined;
  /** Its own word for the error: `SlowDown`. */
  readonly name: string;
  readonly message: string;
}

interface Words {
  readonly name: string;
  readonly read: string;
  readonly write: string;
  readonly delete: string;
  readonly credentials: string;
  readonly container: string;
}

const words: Readonly<Record<StoreService, Words>> = {
  s3: {
    name: 'S3',
    read: 'grant s3:GetObject and s3:ListBucket',
    write: 'grant s3:PutObject',
    delete: 'grant s3:DeleteObject',
    credentials: 'give the server AWS credentials: a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    container: 'bucket',
  },
  gs: {
    name: 'GCS',
    read: 'grant the role Storage Object Viewer',
    write: 'grant the role Storage Object User',
    delete: 'grant the role Storage Object User',
    credentials: 'give the server Google credentials: workload identity, or GOOGLE_APPLICATION_CREDENTIALS',
    container: 'bucket',
  },
  azure: {
    name: 'Azure',
    read: 'grant the role Storage Blob Data Reader',
    write: 'grant the role Storage Blob Data Contributor',
    delete: 'grant the role Storage Blob Data Contributor',
    credentials: 'give the server Azure credentials: workload identity, or AZURE_STORAGE_CONNECTION_STRING',
    container: 'container',
  },
  file: {
    name: 'file',
    read: 'let the server’s user read it',
    write: 'let the server’s user write there',
    delete: 'let the server’s user write there',
    credentials: '',
    container: 'folder',
  },
};

/** Codes by what services call the error, where that says more than the status. */
const codes: Readonly<Record<string, ErrorCode>> = {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  SlowDown: 'RESOURCE_EXHAUSTED',
  ExpiredToken: 'UNAVAILABLE',
  RequestTimeTooSkewed: 'UNAVAILABLE',
  InvalidAccessKeyId: 'UNAUTHENTICATED',
  SignatureDoesNotMatch: 'UNAUTHENTICATED',
  // https://cloud.google.com/storage/docs/json_api/v1/status-codes
  rateLimitExceeded: 'RESOURCE_EXHAUSTED',
  userRateLimitExceeded: 'RESOURCE_EXHAUSTED',
  // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
  ServerBusy: 'RESOURCE_EXHAUSTED',
  AuthenticationFailed: 'UNAUTHENTICATED',
  // From the SDKs, before anything was sent.
  CredentialsProviderError: 'UNAUTHENTICATED',
  CredentialUnavailableError: 'UNAUTHENTICATED',
  AggregateAuthenticationError: 'UNAUTHENTICATED',
  NoCredentials: 'UNAUTHENTICATED',
  // https://nodejs.org/api/errors.html#common-system-errors
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  ENOENT: 'NOT_FOUND',
  EISDIR: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  ENOSPC: 'UNAVAILABLE',
};

/** One call of a service. */
export interface Attempt {
  readonly location: ObjectLocation;
  readonly operation: 'read' | 'write' | 'delete';
  readonly signal: AbortSignal;
  /** Takes the error of the service's SDK apart. */
  readonly refusal: (error: unknown) => Refusal;
}

/** Calls a service; its errors become AgentErrors that name the location and say what to do. */
export async function attempt<Value>(call: Attempt, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw AgentError.is(error) ? error : toFault(error, call);
  }
}

function toFault(error: unknown, { location, operation, signal, refusal }: Attempt): AgentError {
  const { name: service, credentials, container, [operation]: permission } = words[location.service];
  const subject = `${service} ${toUrl(location)}`;
  if (signal.aborted) return new AgentError({ code: 'DEADLINE_EXCEEDED', message: `${subject}: no answer in time`, cause: error });
  const { status, name, message } = refusal(error);
  // An answer of success that nobody can read was not the service's, or was cut off.
  const code = codes[name] ?? (status === undefined || status < 400 ? 'UNAVAILABLE' : fromHttpStatus(status));
  const passes = code === 'UNAVAILABLE' || code === 'RESOURCE_EXHAUSTED';
  const advice: Partial<Record<ErrorCode, string>> = {
    PERMISSION_DENIED: permission,
    UNAUTHENTICATED: credentials,
    NOT_FOUND: `create the ${container}, or correct the path`,
  };
  const reason = [status, name].filter((part) => part !== undefined && part !== '').join(' ');
  const details = passes ? `: ${firstLine(message)}` : '';
  const hint = advice[code] === undefined ? '' : ` (${advice[code]})`;
  return new AgentError({ code, origin: 'system', passes, message: `${subject}: ${reason}${details}${hint}`, cause: error });
}

/** A place that the server was not told it may use. */
export function outside(location: ObjectLocation): AgentError {
  const message = `${toUrl(location)} is in none of the places that the server may read and write (set storeRoots)`;
  return new AgentError({ code: 'FAILED_PRECONDITION', message, origin: 'system', passes: false });
}

/** @throws AgentError OUT_OF_RANGE when there is more of an object than may be read */
export function checkSize(bytes: number, maxBytes: number, location: ObjectLocation): void {
  if (bytes <= maxBytes) return;
  const message = `${words[location.service].name} ${toUrl(location)}: is larger than the ${maxBytes} bytes that may be read`;
  throw new AgentError({ code: 'OUT_OF_RANGE', message });
}
