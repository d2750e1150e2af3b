import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { credentials } from '../aws-environment.ts';
import { documentOf, listOf, now, Refusal, toArn, type Document } from './document.ts';
import { isHealthyModel, SageMakerEndpoint } from './endpoint.ts';
import { SageMakerJob, type JobNoun } from './job.ts';
import { PipelineExecution } from './pipeline.ts';

/** A request that came. */
interface SageMakerRequest {
  /** `CreateTrainingJob`, `DescribeEndpoint`… */
  readonly operation: string;
  readonly body: Document;
}

/** How long things take, in milliseconds. */
interface SageMakerPace {
  /** Until a job has its machines. */
  readonly startingMs: number;
  /** Until an endpoint is in its next state, and a model package. */
  readonly stepMs: number;
}

/** Environment variables that lead our agent to it. */
type SageMakerEnvironment = typeof credentials & {
  readonly AWS_ENDPOINT_URL_SAGEMAKER: string;
  readonly AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: string;
  readonly AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: string;
};

/** SageMaker on the loopback address, and the logs of its jobs. */
export interface SageMakerServer {
  readonly endpoint: string;
  readonly environment: SageMakerEnvironment;
  /** Everything that came, oldest first. */
  readonly requests: readonly SageMakerRequest[];
  readonly jobs: readonly SageMakerJob[];
  readonly endpoints: readonly SageMakerEndpoint[];
  readonly executions: readonly PipelineExecution[];
  /** What an operation gives. @throws Error where SageMaker would refuse it */
  call(operation: string, body: Document): Document;
  stop(): Promise<void>;
}

/**
 * Starts it. As with AWS, a name is taken once, a token gives what it gave before, an endpoint needs its config and a config its models;
 * jobs wait for machines and run their entrypoint, and metrics are what their expressions find in the log.
 */
export async function startSageMaker({ startingMs = 400, stepMs = 800 }: Partial<SageMakerPace> = {}): Promise<SageMakerServer> {
  const requests: SageMakerRequest[] = [];
  const jobs: SageMakerJob[] = [];
  const endpoints: SageMakerEndpoint[] = [];
  const models = new Map<string, Document>();
  const configs = new Map<string, Document>();
  const pipelines = new Map<string, Document>();
  const executions: PipelineExecution[] = [];
  const packages: { readonly request: Document; readonly arn: string; readonly version: number; readonly createdAt: number }[] = [];
  const server = createServer((incoming, response) => {
    void answer(incoming).then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server's address is never a path.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(incoming: IncomingMessage): Promise<{ readonly status: number; readonly body: Document }> {
    const body = documentOf(JSON.parse((await text(incoming)) || '{}'));
    const [, invoked] = /^\/endpoints\/([^/]+)\/async-invocations$/.exec(incoming.url ?? '') ?? [];
    const target = String(incoming.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const operation = invoked === undefined ? target : 'InvokeEndpointAsync';
    requests.push({ operation, body });
    try {
      return { status: 200, body: invoked === undefined ? route(operation, body) : invoke(invoked) };
    } catch (error) {
      const message = String(error instanceof Error ? error.message : error);
      return error instanceof Refusal ? { status: 400, body: { __type: error.type, message } } : { status: 500, body: { message } };
    }
  }

  function route(operation: string, body: Document): Document {
    switch (operation) {
      case 'CreateTrainingJob':
      case 'CreateProcessingJob':
        return createJob(operation.includes('Training') ? 'TrainingJob' : 'ProcessingJob', body);
      case 'DescribeTrainingJob':
        return findJob('TrainingJob', body).describe();
      case 'DescribeProcessingJob':
        return findJob('ProcessingJob', body).describe();
      case 'StopTrainingJob':
        return stopJob(findJob('TrainingJob', body));
      case 'StopProcessingJob':
        return stopJob(findJob('ProcessingJob', body));
      case 'CreateModel':
        return createNamed(models, 'model', 'ModelName', 'ModelArn', body);
      case 'DescribeModel':
        return findNamed(models, 'model', body['ModelName']);
      case 'DeleteModel':
        findNamed(models, 'model', body['ModelName']);
        models.delete(String(body['ModelName']));
        return {};
      case 'CreateEndpointConfig':
        for (const { ModelName } of listOf(body['ProductionVariants']).map(documentOf)) findNamed(models, 'model', ModelName);
        return createNamed(configs, 'endpoint-config', 'EndpointConfigName', 'EndpointConfigArn', body);
      case 'DeleteEndpointConfig':
        findNamed(configs, 'endpoint-config', body['EndpointConfigName']);
        configs.delete(String(body['EndpointConfigName']));
        return {};
      case 'DescribeEndpointConfig':
        return findNamed(configs, 'endpoint-config', body['EndpointConfigName']);
      case 'CreateEndpoint':
        return createEndpoint(body);
      case 'DescribeEndpoint':
        return findEndpoint(body).describe();
      case 'UpdateEndpoint':
        findNamed(configs, 'endpoint-config', body['EndpointConfigName']);
        findEndpoint(body).update(String(body['EndpointConfigName']));
        return { EndpointArn: findEndpoint(body).arn };
      case 'DeleteEndpoint':
        findEndpoint(body).delete();
        return {};
      case 'CreatePipeline':
        return createNamed(pipelines, 'pipeline', 'PipelineName', 'PipelineArn', body);
      case 'StartPipelineExecution':
        return startExecution(body);
      case 'DescribePipelineExecution':
        return findExecution(body).describe();
      case 'ListPipelineExecutions':
        return {
          PipelineExecutionSummaries: executionsOf(body['PipelineName'])
            .map((execution) => execution.describe())
            .toReversed(),
        };
      case 'ListPipelineExecutionSteps':
        return { PipelineExecutionSteps: findExecution(body).steps() };
      case 'StopPipelineExecution':
        return stopExecution(body);
      case 'CreateModelPackage':
        return createPackage(body);
      case 'DescribeModelPackage':
        return describePackage(body['ModelPackageName']);
      case 'ListModelPackages':
        return {
          ModelPackageSummaryList: packagesOf(body['ModelPackageGroupName'])
            .map(({ arn }) => describePackage(arn))
            .toReversed(),
        };
      case 'ListTags':
        return { Tags: tagsOf(String(body['ResourceArn'])) };
      case 'FilterLogEvents':
        return log(body);
      default:
        throw new Refusal('UnknownOperationException', `${operation} is not known`);
    }
  }

  /** Takes it, for later: its answer would be an object on S3. */
  function invoke(name: string): Document {
    if (findEndpoint({ EndpointName: name }).status !== 'InService') throw new Refusal('ValidationError', `Endpoint ${name} not found.`);
    return { InferenceId: randomUUID() };
  }

  function createJob(noun: JobNoun, body: Document): Document {
    const name = String(body[`${noun}Name`]);
    const known = jobs.find((job) => job.noun === noun && job.name === name);
    if (known !== undefined)
      throw new Refusal(
        'ResourceInUse',
        `Job names must be unique within an AWS account and region, and a job with this name already exists (${known.arn})`,
      );
    const job = new SageMakerJob(noun, body, startingMs);
    jobs.push(job);
    return { [`${noun}Arn`]: job.arn };
  }

  function findJob(noun: JobNoun, body: Document): SageMakerJob {
    const job = jobs.find((each) => each.noun === noun && each.name === body[`${noun}Name`]);
    if (job === undefined) throw new Refusal('ValidationException', 'Requested resource not found.');
    return job;
  }

  function createEndpoint(body: Document): Document {
    const known = endpoints.find(({ name, isGone }) => name === body['EndpointName'] && !isGone);
    if (known !== undefined) throw new Refusal('ValidationException', `Cannot create already existing endpoint "${known.arn}".`);
    findNamed(configs, 'endpoint-config', body['EndpointConfigName']);
    const created = new SageMakerEndpoint(body, isHealthy, stepMs);
    endpoints.push(created);
    return { EndpointArn: created.arn };
  }

  function isHealthy(config: string): boolean {
    const variants = listOf(configs.get(config)?.['ProductionVariants']).map(documentOf);
    return variants.every(({ ModelName }) => isHealthyModel(models.get(String(ModelName))));
  }

  function findEndpoint(body: Document): SageMakerEndpoint {
    const found = endpoints.find(({ name, isGone }) => name === body['EndpointName'] && !isGone);
    if (found === undefined)
      throw new Refusal('ValidationException', `Could not find endpoint "${toArn(`endpoint/${String(body['EndpointName'])}`)}".`);
    return found;
  }

  function startExecution(body: Document): Document {
    const pipeline = pipelines.get(String(body['PipelineName']));
    if (pipeline === undefined) throw new Refusal('ResourceNotFound', `Pipeline ${String(body['PipelineName'])} does not exist.`);
    const token = body['ClientRequestToken'];
    const known = executions.find(({ request }) => request['ClientRequestToken'] === token);
    const execution = known ?? new PipelineExecution(randomUUID().slice(0, 12), body, String(pipeline['PipelineDefinition']), startStep);
    if (known === undefined) executions.push(execution);
    return { PipelineExecutionArn: execution.arn };
  }

  function startStep(noun: JobNoun, body: Document): SageMakerJob {
    createJob(noun, body);
    return findJob(noun, body);
  }

  function executionsOf(pipeline: unknown): readonly PipelineExecution[] {
    return executions.filter(({ request }) => request['PipelineName'] === pipeline);
  }

  function findExecution(body: Document): PipelineExecution {
    const found = executions.find(({ arn }) => arn === body['PipelineExecutionArn']);
    if (found === undefined)
      throw new Refusal('ResourceNotFound', `Pipeline execution ${String(body['PipelineExecutionArn'])} does not exist.`);
    return found;
  }

  function stopExecution(body: Document): Document {
    const execution = findExecution(body);
    if (execution.isOver)
      throw new Refusal('ValidationException', `Only pipeline executions with status Executing can be stopped: ${execution.arn}`);
    execution.stop();
    return { PipelineExecutionArn: execution.arn };
  }

  function createPackage(body: Document): Document {
    const { ModelPackageGroupName: group, ClientToken: token } = body;
    const known = packages.find(({ request }) => token !== undefined && request['ClientToken'] === token);
    if (known !== undefined) return { ModelPackageArn: known.arn };
    const version = packagesOf(group).length + 1;
    const own = typeof group === 'string' ? `${group}/${version}` : String(body['ModelPackageName']);
    const arn = toArn(`model-package/${own}`);
    if (packages.some((each) => each.arn === arn)) throw new Refusal('ConflictException', `Model package ${arn} already exists.`);
    packages.push({ request: body, arn, version, createdAt: Date.now() });
    return { ModelPackageArn: arn };
  }

  function packagesOf(group: unknown): typeof packages {
    return packages.filter(({ request }) => group !== undefined && request['ModelPackageGroupName'] === group);
  }

  function describePackage(name: unknown): Document {
    const found = packages.find(({ arn, request }) => arn === name || request['ModelPackageName'] === name);
    if (found === undefined) throw new Refusal('ValidationException', `ModelPackage ${String(name)} does not exist.`);
    const { request, arn, version, createdAt } = found;
    const { Tags: _tags, ClientToken: _token, ...rest } = request;
    const age = Date.now() - createdAt;
    return {
      ...rest,
      ModelPackageArn: arn,
      ...(request['ModelPackageGroupName'] !== undefined && { ModelPackageVersion: version }),
      ModelPackageStatus: age < stepMs / 2 ? 'Pending' : age < stepMs ? 'InProgress' : 'Completed',
      ModelPackageStatusDetails: { ValidationStatuses: [], ImageScanStatuses: [] },
      CreationTime: createdAt / 1000,
    };
  }

  function tagsOf(arn: string): readonly unknown[] {
    const request = [...jobs, ...endpoints, ...packages].find((each) => each.arn === arn)?.request;
    if (request === undefined) throw new Refusal('ResourceNotFound', `${arn} does not exist.`);
    return listOf(request['Tags']);
  }

  /** In parts of ten lines. */
  function log({ logGroupName: group, logStreamNamePrefix: prefix, nextToken: token }: Document): Document {
    const lines = jobs
      .filter(({ noun, name }) => group === `/aws/sagemaker/${noun}s` && `${name}/`.startsWith(String(prefix)))
      .flatMap((job) => job.lines);
    const from = typeof token === 'string' ? Number(token) : 0;
    const events = lines.slice(from, from + 10);
    return { events, ...(from + 10 < lines.length && { nextToken: String(from + 10) }) };
  }

  return {
    endpoint,
    environment: {
      ...credentials,
      AWS_ENDPOINT_URL_SAGEMAKER: endpoint,
      AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: endpoint,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint,
    },
    requests,
    jobs,
    endpoints,
    executions,
    call: route,
    stop: async () => {
      for (const job of jobs) job.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function stopJob(job: SageMakerJob): Document {
  if (job.status !== 'InProgress')
    throw new Refusal('ValidationException', `The request was rejected because the job is in status ${job.status}.`);
  job.stop();
  return {};
}

function createNamed(things: Map<string, Document>, what: string, nameKey: string, arnKey: string, body: Document): Document {
  const name = String(body[nameKey]);
  const arn = toArn(`${what}/${name}`);
  if (things.has(name)) throw new Refusal('ValidationException', `Cannot create already existing ${what} "${arn}".`);
  things.set(name, { ...body, [arnKey]: arn, CreationTime: now() });
  return { [arnKey]: arn };
}

function findNamed(things: Map<string, Document>, what: string, name: unknown): Document {
  const found = things.get(String(name));
  if (found === undefined) throw new Refusal('ValidationException', `Could not find ${what} "${toArn(`${what}/${String(name)}`)}".`);
  return found;
}
