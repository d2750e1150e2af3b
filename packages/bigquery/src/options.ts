import { z } from 'zod';
import type { Connect } from './client.ts';

/** Options of the agent. */
export interface BigQueryAgentOptions {
  /** Makes clients. Default: Google's SDK. */
  readonly connect?: Connect | undefined;
  /** Whether the settings of tasks count. Without them only SQL and inputs do, as in the Python agents. Default true. */
  readonly jobSettings?: boolean | undefined;
  /** Whether jobs are labelled with project, domain, execution, node and attempt. Default true. */
  readonly labels?: boolean | undefined;
  /** Queries that would read more bytes are refused before they start. Default: no limit. */
  readonly maximumBytesProcessed?: bigint | undefined;
  /** Whether BigQuery ends a job at its task's timeout, as Flyte does. Default false. */
  readonly jobTimeout?: boolean | undefined;
  /** What a tebibyte costs that is billed on demand, in US dollars, for estimates. Default 6.25, the price in US and EU. */
  readonly pricePerTebibyte?: number | undefined;
}

const environment = z.object({
  FLYTE_BIGQUERY_JOB_SETTINGS: z.stringbool().optional(),
  FLYTE_BIGQUERY_LABELS: z.stringbool().optional(),
  FLYTE_BIGQUERY_MAXIMUM_BYTES_PROCESSED: z
    .string()
    .regex(/^\d{1,19}$/)
    .optional(),
  FLYTE_BIGQUERY_JOB_TIMEOUT: z.stringbool().optional(),
  FLYTE_BIGQUERY_PRICE_PER_TEBIBYTE: z.coerce.number().nonnegative().optional(),
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): BigQueryAgentOptions {
  const read = environment.parse(variables);
  const bytes = read.FLYTE_BIGQUERY_MAXIMUM_BYTES_PROCESSED;
  return {
    jobSettings: read.FLYTE_BIGQUERY_JOB_SETTINGS,
    labels: read.FLYTE_BIGQUERY_LABELS,
    maximumBytesProcessed: bytes === undefined ? undefined : BigInt(bytes),
    jobTimeout: read.FLYTE_BIGQUERY_JOB_TIMEOUT,
    pricePerTebibyte: read.FLYTE_BIGQUERY_PRICE_PER_TEBIBYTE,
  };
}
