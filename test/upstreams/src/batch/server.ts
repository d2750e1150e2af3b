import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { credentials } from '../aws-environment.ts';
import { StableIds } from '../stable-ids.ts';
import { BatchJob, toArn, type BatchPace, type Document } from './job.ts';

/** A request that came. */
export interface BatchRequest {
  /** `SubmitJob`, `DescribeJobs`… */
  readonly operation: string;
  readonly body: Document;
}

/** Environment variables that lead our agent to it. */
type BatchEnvironment = typeof credentials & {
  readonly AWS_ENDPOINT_URL_BATCH: string;
  readonly AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: string;
};

/** Batch on the loopback address, and the logs of its jobs. */
export interface BatchServer {
  readonly endpoint: string;
  readonly environment: BatchEnvironment;
  /** Everything that came, oldest first. */
  readonly requests: readonly BatchRequest[];
  readonly jobs: readonly BatchJob[];
  stop(): Promise<void>;
}

/** What Batch refuses. */
class Refusal extends Error {}

/** What Batch says of every refusal. */
const refused = { 'x-amzn-errortype': 'ClientException' };

const operations: Readonly<Record<string, string>> = {
  '/v1/submitjob': 'SubmitJob',
  '/v1/listjobs': 'ListJobs',
  '/v1/describejobs': 'DescribeJobs',
  '/v1/terminatejob': 'TerminateJob',
  '/v1/describejobdefinitions': 'DescribeJobDefinitions',
  '/v1/registerjobdefinition': 'RegisterJobDefinition',
  '/v1/describejobqueues': 'DescribeJobQueues',
  '/v1/describecomputeenvironments': 'DescribeComputeEnvironments',
};

/**
 * Starts it, with one queue, `queue`. As with AWS, every submit is a new job, whatever its name; a definition must be registered;
 * jobs wait, start, and run their command, and their log and exit code are those of it.
 */
export async function startBatch({ runnableMs = 300, startingMs = 300 }: Partial<BatchPace> = {}): Promise<BatchServer> {
  const requests: BatchRequest[] = [];
  const jobs = new Map<string, BatchJob>();
  const jobIds = new StableIds();
  const definitions: Document[] = [];
  const server = createServer((incoming, response) => {
    void answer(incoming).then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 200 ? {} : refused) }).end(JSON.stringify(body)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server's address is never a path.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(incoming: IncomingMessage): Promise<{ readonly status: number; readonly body: Document }> {
    const body: Document = JSON.parse((await text(incoming)) || '{}');
    const target = String(incoming.headers['x-amz-target'] ?? '').split('.')[1];
    const operation = target ?? operations[incoming.url ?? ''] ?? '';
    requests.push({ operation, body });
    try {
      return { status: 200, body: route(operation, body) };
    } catch (error) {
      return { status: error instanceof Refusal ? 400 : 500, body: { message: String(error instanceof Error ? error.message : error) } };
    }
  }

  function route(operation: string, body: Document): Document {
    switch (operation) {
      case 'SubmitJob':
        return submit(body);
      case 'ListJobs':
        return { jobSummaryList: list(body).map((job) => job.summary()) };
      case 'DescribeJobs': {
        const ids = strings(body['jobs']);
        if (ids.length > 100) throw new Refusal('The number of jobs must be at most 100');
        return { jobs: ids.flatMap((id) => jobs.get(id)?.detail() ?? []) };
      }
      case 'TerminateJob':
        return terminate(body);
      case 'DescribeJobDefinitions':
        return { jobDefinitions: definitions.filter(({ jobDefinitionName }) => jobDefinitionName === body['jobDefinitionName']) };
      case 'RegisterJobDefinition':
        return register(body);
      case 'DescribeJobQueues':
        return { jobQueues: [{ state: 'ENABLED', status: 'VALID', computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'local' }] }] };
      case 'DescribeComputeEnvironments':
        return {
          computeEnvironments: [{ computeEnvironmentName: 'local', state: 'ENABLED', status: 'VALID', computeResources: { maxvCpus: 2 } }],
        };
      case 'GetLogEvents':
        return log(body);
      default:
        throw new Refusal(`Operation not available: ${operation}`);
    }
  }

  function submit(body: Document): Document {
    checkQueue(body);
    const { jobDefinition } = body;
    if (!definitions.some(({ jobDefinitionArn, jobDefinitionName }) => [jobDefinitionArn, jobDefinitionName].includes(jobDefinition)))
      throw new Refusal(`JobDefinition ${String(jobDefinition)} does not exist`);
    const job = new BatchJob(jobIds.next(String(body['jobName'])), body, { runnableMs, startingMs });
    jobs.set(job.id, job);
    return { jobId: job.id, jobName: job.name, jobArn: toArn(`job/${job.id}`) };
  }

  /** By names in either case, the newest first. */
  function list(body: Document): readonly BatchJob[] {
    checkQueue(body);
    // What the client of a test sends has this form.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const [filter] = (body['filters'] ?? []) as readonly { readonly values: readonly string[] }[];
    const names = new Set(filter?.values.map((name) => name.toLowerCase()));
    return [...jobs.values()].filter(({ name }) => names.has(name.toLowerCase())).toReversed();
  }

  function terminate(body: Document): Document {
    const job = jobs.get(String(body['jobId']));
    if (job === undefined) throw new Refusal(`Job ${String(body['jobId'])} does not exist`);
    job.terminate(String(body['reason']));
    return {};
  }

  function register(body: Document): Document {
    const name = String(body['jobDefinitionName']);
    const revision = definitions.filter(({ jobDefinitionName }) => jobDefinitionName === name).length + 1;
    const definition = { ...body, revision, jobDefinitionArn: toArn(`job-definition/${name}:${revision}`), status: 'ACTIVE' };
    definitions.push(definition);
    return definition;
  }

  /** In parts of ten lines; at the end, the token is the one that came. */
  function log(body: Document): Document {
    const job = [...jobs.values()].find(({ stream }) => stream === body['logStreamName']);
    if (job === undefined) throw new Refusal('The specified log stream does not exist.');
    const { nextToken } = body;
    const from = typeof nextToken === 'string' ? Number(nextToken.slice('f/'.length)) : 0;
    const events = job.lines.slice(from, from + Math.min(Number(body['limit'] ?? 10), 10));
    return { events, nextForwardToken: `f/${from + events.length}` };
  }

  return {
    endpoint,
    environment: { ...credentials, AWS_ENDPOINT_URL_BATCH: endpoint, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint },
    requests,
    get jobs() {
      return [...jobs.values()];
    },
    stop: async () => {
      for (const job of jobs.values()) job.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function checkQueue({ jobQueue }: Document): void {
  if (jobQueue !== 'queue') throw new Refusal(`JobQueue ${String(jobQueue)} not found`);
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
