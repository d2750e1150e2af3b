import { create, toBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import {
  CreateRequestHeaderSchema,
  CreateTaskRequestSchema,
  ExecuteTaskSyncRequestSchema,
  LiteralMapSchema,
  SimpleType,
  TaskExecutionMetadataSchema,
  TaskTemplateSchema,
  type LiteralMap,
} from '@flyte-agents/proto/flyte1';

/** Stands for the name of the execution in every request; the load client writes the call's number over its end. */
export const executionMark = 'f3a9c1d2e4b5a6978c0d';

const project = 'flytesnacks';
const domain = 'development';
const query = `-- Revenue by customer and month, for the regions of one report; refunds are booked as negative orders.
SELECT
  customer_id, ANY_VALUE(customers.name) AS customer, ANY_VALUE(customers.segment) AS segment, DATE_TRUNC(order_date, MONTH) AS month, SUM(amount) AS revenue, COUNT(DISTINCT order_id) AS orders,
  SAFE_DIVIDE(SUM(amount), COUNT(DISTINCT order_id)) AS revenue_per_order, MAX(order_date) AS last_order
FROM sales.orders JOIN sales.customers USING (customer_id)
WHERE order_date BETWEEN @first_day AND @last_day AND region IN UNNEST(@regions) AND amount >= @smallest_amount
GROUP BY customer_id, month HAVING revenue > @revenue_limit ORDER BY month, revenue DESC LIMIT @rows`;

/** What a query task is given. */
const queryInputs = create(LiteralMapSchema, {
  literals: {
    first_day: datetime(1_767_225_600n),
    last_day: datetime(1_769_817_600n),
    regions: { value: { case: 'collection', value: { literals: ['eu-north', 'eu-west', 'us-east'].map(string) } } },
    smallest_amount: float(9.99),
    revenue_limit: float(100_000),
    rows: { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'integer', value: 5000n } } } } } },
  },
});

/** A list of 60,000 numbers, which nobody reads. */
export function manyFloats(): LiteralMap {
  const literals = Array.from({ length: 60_000 }, (_, index) => float(index / 7));
  return create(LiteralMapSchema, { literals: { values: { value: { case: 'collection', value: { literals } } } } });
}

/** What sets one CreateTask apart from the others. */
export interface CreateOptions {
  readonly inputs?: LiteralMap;
  /** Added to the task's config. */
  readonly custom?: JsonObject;
  /** The name of the execution. */
  readonly execution?: string;
}

/** A CreateTask of a query task, as flytekit registers and the engine sends them: 2.9 KB. */
export function createRequest(taskType: string, options: CreateOptions = {}): Uint8Array {
  const { inputs = queryInputs, custom = {}, execution = executionMark } = options;
  const message = { inputs, template: template(taskType, custom), ...attempt(execution) };
  return toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, message));
}

/** The messages of an ExecuteTaskSync: the header, then the inputs. */
export function syncMessages(taskType: string): Uint8Array[] {
  const header = create(CreateRequestHeaderSchema, {
    maxDatasetSizeBytes: 10_485_760n,
    template: template(taskType, {}),
    ...attempt(executionMark),
  });
  const parts = [{ part: { case: 'header', value: header } }, { part: { case: 'inputs', value: queryInputs } }] as const;
  return parts.map((part) => toBinary(ExecuteTaskSyncRequestSchema, create(ExecuteTaskSyncRequestSchema, part)));
}

/** Where the task runs and where its outputs go. */
function attempt(execution: string) {
  return {
    outputPrefix: `s3://my-s3-bucket/metadata/propeller/${project}-${domain}-${execution}/n0/data/0`,
    taskExecutionMetadata: metadata(execution),
  };
}

function template(type: string, custom: JsonObject): MessageInitShape<typeof TaskTemplateSchema> {
  return {
    type,
    id: { resourceType: 1, project, domain, name: 'reports.monthly_revenue_by_customer', version: '0c6f3a1e9d7b4c52a8e1f60b' },
    metadata: {
      discoverable: true,
      discoveryVersion: '1.4',
      runtime: { type: 1, version: '1.16.31', flavor: 'python' },
      timeout: { seconds: 3600n },
      retries: { retries: 3 },
      interruptibleValue: { case: 'interruptible', value: false },
    },
    interface: {
      inputs: {
        variables: {
          first_day: variable(SimpleType.DATETIME, 'the first day of the report'),
          last_day: variable(SimpleType.DATETIME, 'the last day of the report'),
          regions: {
            type: { type: { case: 'collectionType', value: { type: { case: 'simple', value: SimpleType.STRING } } } },
            description: 'regions to report on',
          },
          smallest_amount: variable(SimpleType.FLOAT, 'smaller orders do not count'),
          revenue_limit: variable(SimpleType.FLOAT, 'customers below it are left out'),
          rows: variable(SimpleType.INTEGER, 'how many customers at most'),
        },
      },
      outputs: {
        variables: {
          results: { type: { type: { case: 'structuredDatasetType', value: { format: 'parquet' } } }, description: 'o0' },
        },
      },
    },
    custom: {
      ProjectID: 'analytics-production',
      Location: 'EU',
      Domain: domain,
      maximumBytesBilled: 10_000_000_000,
      useLegacySql: false,
      priority: 'INTERACTIVE',
      createDisposition: 'CREATE_IF_NEEDED',
      writeDisposition: 'WRITE_TRUNCATE',
      defaultDataset: { projectId: 'analytics-production', datasetId: 'reports' },
      destinationTable: { projectId: 'analytics-production', datasetId: 'reports', tableId: 'monthly_revenue' },
      timePartitioning: { type: 'MONTH', field: 'month', expirationMs: 31_536_000_000 },
      clustering: { fields: ['customer_id', 'month'] },
      labels: { team: 'finance', cost_center: 'cc-4711', environment: 'production' },
      ...custom,
    },
    target: { case: 'sql', value: { statement: query, dialect: 1 } },
    config: { region: 'eu-west-1', owner: 'finance-data' },
  };
}

function metadata(execution: string): MessageInitShape<typeof TaskExecutionMetadataSchema> {
  return {
    taskExecutionId: {
      taskId: { resourceType: 1, project, domain, name: 'reports.monthly_revenue_by_customer', version: '0c6f3a1e9d7b4c52a8e1f60b' },
      nodeExecutionId: { nodeId: 'n0', executionId: { project, domain, name: execution } },
    },
    namespace: `${project}-${domain}`,
    labels: {
      'execution-id': execution,
      'node-id': 'n0',
      'task-name': 'reports-monthly-revenue-by-customer',
      'workflow-name': 'reports-monthly',
      'shard-key': '7',
      interruptible: 'false',
      project,
      domain,
    },
    annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
    k8sServiceAccount: 'default',
    identity: { k8sServiceAccount: 'default' },
    maxAttempts: 4,
    environmentVariables: {
      FLYTE_INTERNAL_PROJECT: project,
      FLYTE_INTERNAL_DOMAIN: domain,
      FLYTE_STATSD_DISABLED: 'true',
      REPORTS_BUCKET: 's3://analytics-production-reports/monthly',
      LOG_LEVEL: 'info',
    },
  };
}

type LiteralInit = NonNullable<MessageInitShape<typeof LiteralMapSchema>['literals']>[string];

function string(value: string): LiteralInit {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value } } } } } };
}

function float(value: number): LiteralInit {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'floatValue', value } } } } } };
}

function datetime(seconds: bigint): LiteralInit {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'datetime', value: { seconds } } } } } } };
}

function variable(simple: SimpleType, description: string) {
  return { type: { type: { case: 'simple', value: simple } }, description } as const;
}
