import { z } from 'zod';
import type { Connect } from './client.ts';

/** Options of the agent. */
export interface BatchAgentOptions {
  /** Makes clients. Default: the AWS SDK. */
  readonly connect?: Connect | undefined;
  /** Queues of tasks that name none, by `project/domain`, project, or `*` for all. Default: none. */
  readonly queues?: Readonly<Record<string, string>> | undefined;
  /** The region of tasks that name none. Default: the SDK's, which is `AWS_REGION`. */
  readonly region?: string | undefined;
  /** The role of the containers of tasks that name none. Default: that of the definition or the instance. */
  readonly jobRoleArn?: string | undefined;
  /** The annotation of an execution that names the role of its containers. Default: none does. */
  readonly roleAnnotation?: string | undefined;
  /** The role that starts containers; Fargate needs one. Default: none. */
  readonly executionRoleArn?: string | undefined;
  /** What a container gets that asks for no CPU, in Kubernetes' form. Default `1`. */
  readonly cpu?: string | undefined;
  /** What a container gets that asks for no memory, in Kubernetes' form. Default `2Gi`. */
  readonly memory?: string | undefined;
  /** Environment variables of every container. Default: none. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Whether containers on Fargate get a public address. Default false. */
  readonly assignPublicIp?: boolean | undefined;
  /** Whether Batch retries within an attempt of Flyte as often as the task may be retried, as Flyte's own plugin has it. Default false. */
  readonly batchRetries?: boolean | undefined;
  /** Whether jobs are tagged with project, domain, execution, node, attempt and key. Default true. */
  readonly tags?: boolean | undefined;
  /** For how long a job may be RUNNABLE before it is looked for a reason, in minutes. Default 10. */
  readonly stuckAfterMinutes?: number | undefined;
}

const json = z.string().transform((text, context) => {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
});
const texts = json.pipe(z.record(z.string(), z.string())).optional();

const environment = z.object({
  FLYTE_BATCH_QUEUES: texts,
  FLYTE_BATCH_QUEUE: z.string().min(1).optional(),
  FLYTE_BATCH_REGION: z.string().min(1).optional(),
  FLYTE_BATCH_JOB_ROLE_ARN: z.string().min(1).optional(),
  FLYTE_BATCH_ROLE_ANNOTATION: z.string().min(1).optional(),
  FLYTE_BATCH_EXECUTION_ROLE_ARN: z.string().min(1).optional(),
  FLYTE_BATCH_CPU: z.string().min(1).optional(),
  FLYTE_BATCH_MEMORY: z.string().min(1).optional(),
  FLYTE_BATCH_ENVIRONMENT: texts,
  FLYTE_BATCH_ASSIGN_PUBLIC_IP: z.stringbool().optional(),
  FLYTE_BATCH_RETRIES: z.stringbool().optional(),
  FLYTE_BATCH_TAGS: z.stringbool().optional(),
  FLYTE_BATCH_STUCK_AFTER_MINUTES: z.coerce.number().positive().optional(),
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): BatchAgentOptions {
  const read = environment.parse(variables);
  return {
    queues: { ...(read.FLYTE_BATCH_QUEUE !== undefined && { '*': read.FLYTE_BATCH_QUEUE }), ...read.FLYTE_BATCH_QUEUES },
    region: read.FLYTE_BATCH_REGION,
    jobRoleArn: read.FLYTE_BATCH_JOB_ROLE_ARN,
    roleAnnotation: read.FLYTE_BATCH_ROLE_ANNOTATION,
    executionRoleArn: read.FLYTE_BATCH_EXECUTION_ROLE_ARN,
    cpu: read.FLYTE_BATCH_CPU,
    memory: read.FLYTE_BATCH_MEMORY,
    environment: read.FLYTE_BATCH_ENVIRONMENT,
    assignPublicIp: read.FLYTE_BATCH_ASSIGN_PUBLIC_IP,
    batchRetries: read.FLYTE_BATCH_RETRIES,
    tags: read.FLYTE_BATCH_TAGS,
    stuckAfterMinutes: read.FLYTE_BATCH_STUCK_AFTER_MINUTES,
  };
}
