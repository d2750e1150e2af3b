import { z } from 'zod';
import type { Connect } from './client.ts';

/** Options of both agents. */
export interface SageMakerAgentOptions {
  /** Makes clients. Default: the AWS SDK. */
  readonly connect?: Connect | undefined;
  /** The region of tasks that name none. Default: they must. */
  readonly region?: string | undefined;
  /** The domain of SageMaker Studio, in that region, that links to pipelines lead to: `d-abc123`. Default: they have no link of their own. */
  readonly studioDomain?: string | undefined;
}

/** Options of the agent for single calls. */
export interface BotoAgentOptions extends SageMakerAgentOptions {
  /** What tasks may call, as `service:method`; a `*` at the end stands for anything. Default: {@link defaultCalls}. */
  readonly allowed?: readonly string[] | undefined;
}

/** What flytekit's own task classes call. */
export const defaultCalls: readonly string[] = [
  ...['model', 'endpoint', 'endpoint_config'].flatMap((what) =>
    ['create', 'delete', 'describe'].map((verb) => `sagemaker:${verb}_${what}`),
  ),
  ...['training_job', 'processing_job', 'transform_job', 'hyper_parameter_tuning_job', 'inference_recommendations_job'].flatMap((what) =>
    ['stop', 'describe'].map((verb) => `sagemaker:${verb}_${what}`),
  ),
  'sagemaker-runtime:invoke_endpoint',
  'sagemaker-runtime:invoke_endpoint_async',
];

const call = z
  .string()
  .regex(/^(sagemaker|sagemaker-runtime):[a-z0-9_]*\*?$/, 'must be like sagemaker:create_model or sagemaker-runtime:*');
const environment = z.object({
  FLYTE_SAGEMAKER_REGION: z.string().min(1).optional(),
  FLYTE_SAGEMAKER_STUDIO_DOMAIN: z
    .string()
    .regex(/^d-[a-z0-9-]+$/, 'must be like d-abc123')
    .optional(),
  AWS_REGION: z.string().optional(),
  AWS_DEFAULT_REGION: z.string().optional(),
  FLYTE_BOTO_ALLOWED: z
    .string()
    .transform((text) => text.split(',').map((each) => each.trim()))
    .pipe(z.array(call))
    .optional(),
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): BotoAgentOptions {
  const read = environment.parse(variables);
  return {
    // The SDK takes empty ones for not set.
    region: (read.FLYTE_SAGEMAKER_REGION ?? read.AWS_REGION) || read.AWS_DEFAULT_REGION || undefined,
    studioDomain: read.FLYTE_SAGEMAKER_STUDIO_DOMAIN,
    allowed: read.FLYTE_BOTO_ALLOWED,
  };
}
