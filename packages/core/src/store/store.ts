import { resolve } from 'node:path';
import { AgentError } from '../errors.ts';
import { AzureService, ownAccount, type AzureSdks } from './azure.ts';
import { outside } from './fault.ts';
import { FileService } from './file.ts';
import { GsService } from './gs.ts';
import { hasDotSegment, isUnder, parseLocation, type ObjectLocation, type StoreService } from './location.ts';
import { S3Service } from './s3.ts';
import type { ListedPage, ListOptions, ObjectService, ReadableStore, ReadOptions, SeenObject } from './service.ts';

/**
 * Loads the SDKs of the services. For a package that brings them along: a package manager may show them to nobody else.
 * Default: the core's own imports.
 */
export interface StoreSdks {
  /** `() => import('@aws-sdk/client-s3')` */
  readonly s3?: () => Promise<unknown>;
  /** `() => import('google-auth-library')` */
  readonly gs?: () => Promise<unknown>;
  /** `() => import('@azure/storage-blob')` */
  readonly azureBlob?: () => Promise<unknown>;
  /** `() => import('@azure/identity')` */
  readonly azureIdentity?: () => Promise<unknown>;
}

/** Where a store may look, and with what. */
export interface ObjectStoreOptions {
  /**
   * What may be read and written: `s3://bucket/prefix`, `gs://…`, `abfs://…`, folders of this machine. Default: every object
   * that the server's credentials reach, and no file.
   */
  readonly roots?: readonly string[] | undefined;
  readonly sdks?: StoreSdks | undefined;
}

/** Objects on S3, Google Cloud Storage, Azure, and files: named by URLs, reached with the server's credentials. */
export class ObjectStore implements ReadableStore {
  readonly #roots: readonly ObjectLocation[] | undefined;
  readonly #services: Readonly<Record<StoreService, ObjectService>>;

  /** @throws AgentError INVALID_ARGUMENT when a root is no place that there is a store for */
  constructor({ roots, sdks = {} }: ObjectStoreOptions = {}) {
    this.#roots = roots?.map(toRoot);
    // A loader gives the package that it is named for.
    // oxlint-disable typescript/no-unsafe-type-assertion
    const s3 = (sdks.s3 ?? (() => import('@aws-sdk/client-s3'))) as ConstructorParameters<typeof S3Service>[0];
    const gs = (sdks.gs ?? (() => import('google-auth-library'))) as ConstructorParameters<typeof GsService>[0];
    const blob = (sdks.azureBlob ?? (() => import('@azure/storage-blob'))) as AzureSdks['blob'];
    const identity = (sdks.azureIdentity ?? (() => import('@azure/identity'))) as AzureSdks['identity'];
    // oxlint-enable typescript/no-unsafe-type-assertion
    this.#services = {
      s3: new S3Service(s3),
      gs: new GsService(gs),
      azure: new AzureService({ blob, identity }),
      file: new FileService((this.#roots ?? []).filter(({ service }) => service === 'file')),
    };
  }

  /** Loads the SDK of a service. @throws AgentError FAILED_PRECONDITION when it is not installed */
  async prepare(service: StoreService): Promise<void> {
    await this.#services[service].prepare();
  }

  /**
   * An object's content.
   *
   * @throws AgentError NOT_FOUND when there is none, OUT_OF_RANGE when it is too large, FAILED_PRECONDITION outside of the roots
   */
  async read(at: string | ObjectLocation, options: ReadOptions): Promise<Uint8Array> {
    const location = this.#allowed(at);
    return this.#services[location.service].read(location, options);
  }

  /** Writes an object whole, or not at all. @throws AgentError FAILED_PRECONDITION outside of the roots */
  async write(at: string | ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const location = this.#allowed(at);
    await this.#services[location.service].write(location, bytes, signal);
  }

  /** Takes an object away; one that is not there is gone already. @throws AgentError FAILED_PRECONDITION outside of the roots */
  async delete(at: string | ObjectLocation, signal: AbortSignal): Promise<void> {
    const location = this.#allowed(at);
    await this.#services[location.service].delete(location, signal);
  }

  /** What is known of the object of exactly this name, `undefined` when there is none. A missing bucket may look the same. */
  async stat(at: string | ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    const location = this.#allowed(at);
    return this.#services[location.service].stat(location, signal);
  }

  /** All objects whose names begin with the location's key, page by page. @throws AgentError NOT_FOUND when there is no such bucket */
  async *list(at: string | ObjectLocation, options: ListOptions): AsyncGenerator<ListedPage, undefined> {
    const location = this.#allowed(at, (key) => `${key}…`);
    yield* this.#services[location.service].list(location, options);
  }

  /** @param beyond what names look like that are meant too: `s3://b/pre` as a beginning is also that of `s3://b/prefix` */
  #allowed(at: string | ObjectLocation, beyond: (key: string) => string = (key) => key): ObjectLocation {
    const location = typeof at === 'string' ? parseLocation(at) : at;
    const meant = { ...onAccount(location), key: beyond(location.key) };
    const isAllowed = this.#roots?.some((root) => isUnder(onAccount(root), meant)) ?? location.service !== 'file';
    if (!isAllowed || hasDotSegment(location.key)) throw outside(location);
    return location;
  }
}

/** A store where nothing is allowed. */
export const noStore: ReadableStore = new ObjectStore({ roots: [] });

/** With the server's own account where none is named. */
function onAccount(location: ObjectLocation): ObjectLocation {
  return location.service === 'azure' && location.account === '' ? { ...location, account: ownAccount() ?? '' } : location;
}

/** The place that an operator names. @throws AgentError INVALID_ARGUMENT when it is none that there is a store for */
export function toRoot(root: string): ObjectLocation {
  try {
    return parseLocation(/^[a-z][a-z0-9+.-]*:\/\//i.test(root) ? root : resolve(root));
  } catch (error) {
    const { code, message } = AgentError.from(error);
    throw new AgentError({ code, message: `storeRoots: ${JSON.stringify(root)}: ${message}`, cause: error });
  }
}
