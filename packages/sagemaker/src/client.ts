import type * as LogsSdk from '@aws-sdk/client-cloudwatch-logs';
import type * as SageMakerSdk from '@aws-sdk/client-sagemaker';
import type * as RuntimeSdk from '@aws-sdk/client-sagemaker-runtime';
import { request, toClientSettings, type AwsAccess, type ClientSettings } from '@flyte-agents/aws';
import type { JsonObject, JsonValue } from '@flyte-agents/core';
import { z } from 'zod';
import { kinds, type JobKind } from './kinds.ts';

/** What the agents ask of SageMaker, and of the service that keeps its logs. Errors are AwsRequestErrors of `@flyte-agents/aws`. */
export interface SageMakerClient {
  /** Starts a job or an endpoint, or updates an endpoint. Has no signal: a submit is never given up half-way. */
  submit(operation: string, body: JsonObject): Promise<JsonObject>;
  describe(kind: JobKind, name: string, signal: AbortSignal): Promise<Job>;
  /** The tags of what has an ARN. */
  tags(arn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Stops a job, deletes an endpoint. @param key the same for the same stop, where SageMaker asks for one */
  stop(kind: JobKind, name: string, key: string): Promise<void>;
  /** Any operation of a service. @param call the answer is JSON: points in time are ISO 8601, bytes are text */
  call(call: Call, signal: AbortSignal | undefined): Promise<JsonObject>;
  readLog(place: LogPlace, signal: AbortSignal): Promise<LogEvents>;
}

/** Makes the client of an account and a region. */
export type Connect = (access: AwsAccess) => Promise<SageMakerClient>;

/** An operation of a service, as boto3 names both. */
export interface Call {
  readonly service: string;
  readonly method: string;
  readonly body: JsonObject;
}

/** Which part of a log is read. */
export interface LogPlace {
  readonly group: string;
  /** How the names of its streams begin. Default: all streams. */
  readonly prefix: string | undefined;
  /** Default: the beginning. */
  readonly token: string | undefined;
  readonly limit: number | undefined;
}

/** How a job or an endpoint stands. */
export interface Job {
  readonly kind: JobKind;
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  /** What a training job is doing; of a model package, how far a check of it is that has not ended. */
  readonly step: string | undefined;
  /** Why it failed. */
  readonly reason: string | undefined;
  /** Whether it ever ran; of an endpoint, whether it has machines; of a pipeline's execution, whether a step has begun. */
  readonly hasStarted: boolean;
  /** Everything that SageMaker says of it. Points in time are ISO 8601. */
  readonly record: JsonObject;
}

const json: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const statuses = z.array(z.object({ Status: z.string().nullish(), FailureReason: z.string().nullish() })).nullish();
const facts = z.object({
  SecondaryStatus: z.string().nullish(),
  AutoMLJobSecondaryStatus: z.string().nullish(),
  FailureReason: z.string().nullish(),
  TrainingStartTime: z.string().nullish(),
  SecondaryStatusTransitions: z.array(z.object({ Status: z.string() })).nullish(),
  ModelPackageStatusDetails: z.object({ ValidationStatuses: statuses, ImageScanStatuses: statuses }).nullish(),
  ProductionVariants: z.array(z.object({ CurrentInstanceCount: z.number().nullish(), CurrentServerlessConfig: json.nullish() })).nullish(),
});
const tagPage = z.object({
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).nullish(),
  NextToken: z.string().nullish(),
});
const logEvents = z.object({
  events: z.array(z.object({ message: z.string().nullish(), timestamp: z.number().nullish() })).nullish(),
  nextToken: z.string().nullish(),
});

/** Lines of a log, and the token of what follows. */
export type LogEvents = z.infer<typeof logEvents>;

/** Steps of a training job that has its machines. */
const started: ReadonlySet<string> = new Set([
  'Downloading',
  'DownloadingTrainingImage',
  'Training',
  'Uploading',
  'Interrupted',
  'Restarting',
]);

/** A job in SageMaker's words as the agent's. @throws ZodError when it is none */
export function toJob(kind: JobKind, record: JsonObject): Job {
  const { name, arn, status, key } = kinds[kind];
  const text = z.string().min(1);
  const { SecondaryStatus: step, AutoMLJobSecondaryStatus: autoMlStep, FailureReason, ...rest } = facts.parse(record);
  const { ValidationStatuses: validations, ImageScanStatuses: scans } = rest.ModelPackageStatusDetails ?? {};
  const parts = [...(validations ?? []), ...(scans ?? [])];
  const reason = FailureReason || parts.find((part) => part.FailureReason)?.FailureReason;
  const check = parts.find(({ Status }) => Status === 'InProgress' || Status === 'NotStarted')?.Status;
  return {
    kind,
    name: text.parse(record[key === undefined ? name : arn]),
    arn: text.parse(record[arn]),
    status: text.parse(record[status]),
    step: step ?? autoMlStep ?? check ?? undefined,
    reason: reason || undefined,
    hasStarted:
      Boolean(rest.TrainingStartTime) ||
      (rest.SecondaryStatusTransitions ?? []).some(({ Status }) => started.has(Status)) ||
      (rest.ProductionVariants ?? []).some(
        (variant) => (variant.CurrentInstanceCount ?? 0) > 0 || Boolean(variant.CurrentServerlessConfig),
      ),
    record,
  };
}

/** SageMaker by the AWS SDK. `AWS_ENDPOINT_URL_SAGEMAKER` leads to another server. */
export const connect: Connect = async (access) => {
  const [settings, sdk] = await Promise.all([toClientSettings(access), import('@aws-sdk/client-sagemaker')]);
  return new SdkClient(settings, sdk);
};

/** A client of the SDK, whichever service it is for. Commands are only ever sent to the client of their own service. */
interface AnyClient {
  readonly config: { readonly credentials: () => Promise<unknown> };
  readonly send: (command: never, options: { readonly abortSignal?: AbortSignal }) => Promise<unknown>;
}

/** A service's part of the SDK. */
interface Service {
  readonly client: AnyClient;
  readonly sdk: Readonly<Record<string, unknown>>;
}

class SdkClient implements SageMakerClient {
  readonly #settings: ClientSettings;
  readonly #sageMaker: Service;
  #runtime: Promise<Service> | undefined;
  #logs: Promise<readonly [typeof LogsSdk, LogsSdk.CloudWatchLogsClient]> | undefined;

  constructor(settings: ClientSettings, sdk: typeof SageMakerSdk) {
    this.#settings = settings;
    this.#sageMaker = { client: new sdk.SageMakerClient(settings), sdk: { ...sdk } };
  }

  async submit(operation: string, body: JsonObject): Promise<JsonObject> {
    return this.#send(this.#sageMaker, operation, body, undefined);
  }

  async describe(kind: JobKind, name: string, signal: AbortSignal): Promise<Job> {
    const { describe, by } = kinds[kind];
    const { client } = this.#sageMaker;
    // What is no job of SageMaker's is told as no answer of AWS.
    return request(client, answered(kind), async () => this.#answer(this.#sageMaker, describe, { [by]: name }, signal));
  }

  async tags(arn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const tags: Record<string, string> = {};
    let next: string | undefined;
    do {
      const body = { ResourceArn: arn, ...(next !== undefined && { NextToken: next }) };
      const page = await request(this.#sageMaker.client, tagPage, async () => this.#answer(this.#sageMaker, 'ListTags', body, signal));
      for (const { Key, Value } of page.Tags ?? []) tags[Key] = Value;
      next = page.NextToken ?? undefined;
    } while (next !== undefined);
    return tags;
  }

  async stop(kind: JobKind, name: string, key: string): Promise<void> {
    const { stop, by } = kinds[kind];
    const body = { [by]: name, ...(kind === 'pipeline' && { ClientRequestToken: `${key}-stop` }) };
    await this.#send(this.#sageMaker, stop, body, undefined);
  }

  async call({ service, method, body }: Call, signal: AbortSignal | undefined): Promise<JsonObject> {
    return this.#send(await this.#service(service), method.replaceAll('_', ''), body, signal);
  }

  async readLog({ group, prefix, token, limit }: LogPlace, abortSignal: AbortSignal): Promise<LogEvents> {
    this.#logs ??= (async () => {
      const logsSdk = await import('@aws-sdk/client-cloudwatch-logs');
      return [logsSdk, new logsSdk.CloudWatchLogsClient(this.#settings)] as const;
    })();
    const [sdk, client] = await this.#logs;
    const input = { logGroupName: group, logStreamNamePrefix: prefix, nextToken: token, limit };
    return request(client, logEvents, async () => client.send(new sdk.FilterLogEventsCommand(input), { abortSignal }));
  }

  async #service(name: string): Promise<Service> {
    if (name !== 'sagemaker-runtime') return this.#sageMaker;
    this.#runtime ??= (async () => {
      const sdk: typeof RuntimeSdk = await import('@aws-sdk/client-sagemaker-runtime');
      return { client: new sdk.SageMakerRuntimeClient(this.#settings), sdk: { ...sdk } };
    })();
    return this.#runtime;
  }

  async #send(service: Service, operation: string, body: JsonObject, signal: AbortSignal | undefined): Promise<JsonObject> {
    return request(service.client, json, async () => this.#answer(service, operation, body, signal));
  }

  async #answer({ client, sdk }: Service, operation: string, body: JsonObject, abortSignal: AbortSignal | undefined): Promise<JsonValue> {
    const command = toCommand(sdk, operation, body);
    return toJson(await client.send(command, { ...(abortSignal && { abortSignal }) }));
  }
}

function answered(kind: JobKind): z.ZodType<Job> {
  return z.unknown().transform((record) => toJob(kind, json.parse(record)));
}

/** The command of an operation, which is this package's own or one that the operator allows. Case does not matter: boto3 has its own. */
function toCommand(sdk: Readonly<Record<string, unknown>>, operation: string, body: JsonObject): never {
  const wanted = `${operation}command`.toLowerCase();
  // Our own have its case, and are asked for at every poll; the SDK exports a thousand names.
  const exact = `${operation}Command`;
  const name = Object.hasOwn(sdk, exact) ? exact : Object.keys(sdk).find((each) => each.toLowerCase() === wanted);
  const Command = name === undefined ? undefined : sdk[name];
  if (typeof Command !== 'function') throw new TypeError(`the SDK has no operation ${operation}`);
  // All that is exported under such a name are classes of commands. What a task says goes through as it is: SageMaker checks it,
  // and the SDK leaves out what it does not know.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new (Command as new (input: JsonObject) => never)(body);
}

/** An answer of the SDK's as JSON. */
async function toJson(value: unknown): Promise<JsonValue> {
  if (value instanceof Date) return value.toISOString().replace(/(\.000)?Z$/, '+00:00');
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return Promise.all(value.map(toJson));
  if (typeof value === 'object' && value !== null) {
    if ('transformToString' in value && typeof value.transformToString === 'function') return String(await value.transformToString());
    const entries = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function');
    return Object.fromEntries(await Promise.all(entries.map(async ([name, item]) => [name, await toJson(item)] as const)));
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
