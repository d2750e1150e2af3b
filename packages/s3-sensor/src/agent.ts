import {
  AgentError,
  firstLine,
  ObjectStore,
  Sensor,
  toUrl,
  type Check,
  type ObjectInfo,
  type PokeContext,
  type PokeResult,
  type SensorTask,
} from '@flyte-agents/core';
import { Looks, type StorePort } from './client.ts';
import { fileConfig, type FileConfig } from './config.ts';
import { isPlain, judge, toConditions, type Conditions, type Finding, type Seen } from './convert/conditions.ts';
import { fileOutputs, toFileOutputs } from './convert/outputs.ts';
import { toTargets, type Target } from './convert.ts';

/** Options of {@link FileSensor}. */
export interface FileSensorOptions {
  /** Where objects are. Default: S3, Google Cloud Storage and Azure, with the server's credentials. */
  readonly store?: StorePort;
  /** For how long what a look found is told to other tasks that look at the same, in milliseconds. Default 2 s. */
  readonly shareForMs?: number;
}

/** Waits for objects on S3, Google Cloud Storage or Azure, for files, or for documents on the web: flytekit's FileSensor. */
export class FileSensor extends Sensor<FileConfig> {
  readonly name = 'File';
  readonly claims = {
    classes: [
      { module: 'flytekit.sensor.file_sensor', name: 'FileSensor' },
      { module: 'flytekit.sensor', name: 'FileSensor' },
    ],
    kind: 'file',
    fileSensor: true,
  };
  readonly config = fileConfig;
  override readonly outputs = fileOutputs;
  readonly #store: StorePort;
  readonly #looks: Looks;

  constructor({ store = ownStore(), shareForMs = 2000 }: FileSensorOptions = {}) {
    super();
    this.#store = store;
    this.#looks = new Looks(shareForMs);
  }

  override check({ config, inputs }: SensorTask<FileConfig>): void {
    toTargets(inputs, config);
  }

  override hostOf({ config, inputs }: SensorTask<FileConfig>): string {
    const hosts = toTargets(inputs, config).map((target) => {
      if (target.kind === 'document') return target.url.origin;
      const { service, account, container } = target.at;
      return `${service}://${account}/${container}`;
    });
    return [...new Set(hosts)].toSorted().join(' ').slice(0, 200);
  }

  async poke(task: SensorTask<FileConfig>, context: PokeContext): Promise<PokeResult> {
    const conditions = toConditions(task.config, context.createdAt);
    const look = { context, wantsAll: Object.keys(fileOutputs).some((name) => task.outputs.has(name)) };
    const targets = toTargets(task.inputs, task.config);
    const outcomes = await Promise.allSettled(targets.map((target) => this.#find(target, conditions, look)));
    const findings = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
    const there = findings.filter((finding) => finding.met);
    if (task.config.match === 'any' ? there.length > 0 : there.length === targets.length) {
      return { met: true, message: summary(there), outputs: toFileOutputs(there.flatMap(({ objects }) => objects)) };
    }
    // Of a place that could not be looked at nothing is known; what does not pass by itself is told first.
    const faults = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => AgentError.from(reason));
    const fault = faults.find(({ passes }) => !passes) ?? faults[0];
    if (fault !== undefined) throw fault;
    return { met: false, message: summary(findings.filter((finding) => !finding.met)) };
  }

  /** Other stores, files and the web are used without them. */
  override checks(): readonly Check[] {
    return this.#store instanceof ObjectStore ? [{ name: 'AWS credentials', isOptional: true, run: findCredentials }] : [];
  }

  override async prepare(): Promise<void> {
    if (this.#store instanceof ObjectStore) await this.#store.prepare('s3');
  }

  async #find(target: Target, conditions: Conditions, look: Look): Promise<Finding> {
    if (target.kind === 'objects') return this.#findObjects(target, conditions, look);
    const document = await this.#looks.document(target.url, look.context);
    const objects = document === undefined ? [] : [document];
    return judge({ path: target.path, objects, seenAt: document?.seenAt ?? Date.now() }, conditions);
  }

  /** The object of this name, or else what is in the folder of this name; with wildcards, whatever they fit. */
  async #findObjects(target: ObjectTarget, conditions: Conditions, { context, wantsAll }: Look): Promise<Finding> {
    const { path, at, glob } = target;
    // Files are read where the operator says; buckets, where the server's credentials reach.
    const store = at.service === 'file' ? context.store : this.#store;
    const toSeen = (object: ObjectInfo): Seen => ({ ...object, url: toUrl({ ...at, key: object.key }) });
    if (glob === undefined && !at.key.endsWith('/')) {
      const object = await this.#looks.stat(store, at, context);
      if (object !== undefined) return judge({ path, objects: [toSeen(object)], seenAt: object.seenAt }, conditions);
    }
    const isSimple = glob === undefined && !wantsAll && isPlain(conditions);
    const options = { shallow: glob?.isShallow ?? false, enough: isSimple ? 1 : undefined };
    const { objects, isComplete, seenAt } = await this.#looks.list(
      store,
      { ...at, key: glob?.prefix ?? toFolder(at.key) },
      options,
      context,
    );
    // On stores without folders, a name with a slash at its end stands for one: it is there, but it is no object.
    const fitting = objects.filter(({ key }) => isSimple || (glob === undefined ? !key.endsWith('/') : glob.matches(key)));
    const finding = judge({ path, objects: fitting.map(toSeen), seenAt }, conditions);
    const isDecided = finding.met && !wantsAll && conditions.unchangedForMs === undefined;
    if (!isComplete && !isDecided) throw tooMany(path, objects.length);
    return finding;
  }
}

type ObjectTarget = Extract<Target, { readonly kind: 'objects' }>;

interface Look {
  readonly context: PokeContext;
  /** Whether every object is to be told, not only that there are enough. */
  readonly wantsAll: boolean;
}

/** All stores, by SDKs that this package, or whoever installed it, brings along. */
function ownStore(): ObjectStore {
  return new ObjectStore({
    sdks: {
      s3: () => import('@aws-sdk/client-s3'),
      gs: () => import('google-auth-library'),
      azureBlob: () => import('@azure/storage-blob'),
      azureIdentity: () => import('@azure/identity'),
    },
  });
}

/** Asks the SDK's standard chain, as the first look at S3 would. */
async function findCredentials(): Promise<string> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { credentials, region } = new S3Client({}).config;
  try {
    await credentials();
    return `found, for region ${await region()}`;
  } catch (error) {
    const reason = firstLine(error instanceof Error ? error.message : String(error));
    const message = `S3: ${reason} (give the server AWS credentials and a region: a role, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION)`;
    throw new AgentError({ code: 'UNAUTHENTICATED', message, cause: error });
  }
}

function toFolder(key: string): string {
  return key.endsWith('/') ? key : `${key}/`;
}

/** A few of the messages. */
function summary(findings: readonly Finding[]): string {
  const others = findings.length - 3;
  const shown = findings.slice(0, 3).map(({ message }) => message);
  return [...shown, ...(others > 0 ? [`${others} more`] : [])].join('; ');
}

function tooMany(path: string, count: number): AgentError {
  const message = `${path}: ${count} objects were looked at and there are more; give a path with fewer below it, or more of their names before the first wildcard`;
  return new AgentError({ code: 'FAILED_PRECONDITION', message });
}
