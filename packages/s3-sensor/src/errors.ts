import { AgentError, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (it wants credentials: use sensor_config.kind http with secret_headers)',
  PERMISSION_DENIED: ' (let the server read it)',
};

/** What an answer of the web means that is neither the document nor its absence; stores' errors are AgentErrors already. */
export function documentFault(path: string, status: number): AgentError {
  const code = fromHttpStatus(status);
  const passes = code === 'UNAVAILABLE' || code === 'RESOURCE_EXHAUSTED';
  const isRefusal = code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED';
  return new AgentError({
    code: passes || isRefusal ? code : 'FAILED_PRECONDITION',
    origin: passes || isRefusal ? 'system' : 'user',
    passes,
    message: `${path}: ${status}${advice[code] ?? ''}`,
  });
}
