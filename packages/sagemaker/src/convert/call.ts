import { dictType, toLiteral, type JsonObject, type Resource, type Task } from '@flyte-agents/core';
import type { CallConfig } from '../config.ts';
import { toImages } from './images.ts';
import { asObject } from './outputs.ts';
import { fill, type Filled } from './template.ts';

/** How long SageMaker's names may be. */
const longestName = 63;

/** What a task calls a service with. @throws AgentError INVALID_ARGUMENT for a placeholder of something that is not there */
export function toCallRequest({ config, inputs }: Task<CallConfig>, region: string): Filled {
  const { service, request, images } = config;
  return fill(request, { inputs, images: toImages(images, region) }, service === 'sagemaker' ? longestName : undefined);
}

/** Answers of which flytekit's plugin gives the ARN alone. */
const arns: Readonly<Record<string, string>> = {
  create_model: 'ModelArn',
  create_endpoint_config: 'EndpointConfigArn',
};

/** What a call gave. @param answer as the SDK has it, with `$metadata` */
export function toCallResource({ method }: CallConfig, answer: JsonObject, token: string): Resource {
  const arn = arns[method];
  if (arn !== undefined) return toDone({ [arn]: answer[arn] ?? null }, token);
  const { $metadata: metadata, ...rest } = answer;
  const { requestId, httpStatusCode, attempts } = asObject(metadata) ?? {};
  const told = {
    RequestId: requestId ?? null,
    HTTPStatusCode: httpStatusCode ?? null,
    RetryAttempts: typeof attempts === 'number' ? attempts - 1 : 0,
  };
  return toDone({ ...rest, ResponseMetadata: told }, token);
}

/** What a call would have given that found its work done already; `undefined` when the service does not say what it found. */
export function toExisting({ method }: CallConfig, message: string, token: string): Resource | undefined {
  const [arn] = /arn:aws[-a-z]*:[^\s"',]+/.exec(message) ?? [];
  const key = arns[method] ?? (method === 'create_endpoint' ? 'EndpointArn' : undefined);
  return arn === undefined || key === undefined ? undefined : toDone({ [key]: arn.replace(/[.]+$/, '') }, token);
}

function toDone(result: JsonObject, token: string): Resource {
  return {
    phase: 'SUCCEEDED',
    outputs: {
      result: toLiteral(result, dictType, 'output result'),
      idempotence_token: { kind: 'string', value: token },
    },
  };
}
