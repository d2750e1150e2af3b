import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';
import { toUrl, type Location } from './convert.ts';

/** S3's error codes that say more than their HTTP status: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const codes: Readonly<Record<string, ErrorCode>> = {
  SlowDown: 'RESOURCE_EXHAUSTED',
  ExpiredToken: 'UNAVAILABLE',
  RequestTimeTooSkewed: 'UNAVAILABLE',
  // From the SDK, before anything was sent: no credentials were found.
  CredentialsProviderError: 'UNAUTHENTICATED',
};

const advice: Partial<Record<ErrorCode, string>> = {
  PERMISSION_DENIED: ' (grant s3:GetObject and s3:ListBucket)',
  UNAUTHENTICATED: ' (give the server AWS credentials: a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)',
  NOT_FOUND: ' (create the bucket, or correct the path)',
};

/** The error of a look at a location, in the words of the agents. */
export function rethrow(error: unknown, location: Location): AgentError {
  if (AgentError.is(error)) return error;
  const { name, message, status } = facts(error);
  const code = codes[name] ?? (status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status));
  const reason = name === 'CredentialsProviderError' ? 'no credentials' : [status, name].filter((part) => part !== undefined).join(' ');
  const text = code === 'UNAVAILABLE' || code === 'RESOURCE_EXHAUSTED' ? firstLine(message) : '';
  return new AgentError({
    code,
    origin: 'system',
    passes: code === 'UNAVAILABLE' || code === 'RESOURCE_EXHAUSTED',
    message: `S3 ${toUrl(location)}: ${reason}${text === '' ? '' : `: ${text}`}${advice[code] ?? ''}`,
    cause: error,
  });
}

function facts(error: unknown): { name: string; message: string; status: number | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), status: undefined };
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status: unknown =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return { name: error.name, message: error.message, status: typeof status === 'number' ? status : undefined };
}
