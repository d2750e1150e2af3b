import type { ObjectLocation } from './location.ts';

/** What is known of an object without reading it. */
export interface ObjectInfo {
  /** Its exact name; of a file its absolute path. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** What changes with its content, without quotes; absent where the store has none. */
  readonly etag?: string | undefined;
  /** When it was last written, in milliseconds since 1970; S3 and Azure know whole seconds. */
  readonly modifiedAt?: number | undefined;
  /** What its writer noted beside it; absent in listings. Names are lower-case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** An object, and what time it was for the store. */
export interface SeenObject extends ObjectInfo {
  /** The store's own clock at its answer, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** A part of a listing. */
export interface ListedPage {
  readonly objects: readonly ObjectInfo[];
  /** The store's own clock at its answer, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** How much is read, and until when. */
export interface ReadOptions {
  /** A larger object is an error. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What is listed, and until when. */
export interface ListOptions {
  /** Leave out what lies in folders below: keys with another `/`. Default false. */
  readonly shallow?: boolean | undefined;
  /** The most that one page may hold; default: as much as the service gives at once. */
  readonly pageSize?: number | undefined;
  readonly signal: AbortSignal;
}

/** What may be read of objects, by their URLs. Errors are AgentErrors that name the location and say what to do. */
export interface ReadableStore {
  /** @throws AgentError NOT_FOUND when there is none, OUT_OF_RANGE when it is too large, FAILED_PRECONDITION where the server may not read */
  read(at: string | ObjectLocation, options: ReadOptions): Promise<Uint8Array>;
  /** The object of exactly this name. A missing bucket may look like a missing object. */
  stat(at: string | ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined>;
  /** Everything whose name begins with the location's key. A missing bucket is an error. */
  list(at: string | ObjectLocation, options: ListOptions): AsyncIterable<ListedPage>;
}

/**
 * One service that keeps objects. Every call is tried once: the engine asks again. Errors are AgentErrors that name the
 * location and say what to do.
 */
export interface ObjectService {
  /** Loads the SDK. @throws AgentError FAILED_PRECONDITION when its package is not installed */
  prepare(): Promise<void>;
  /** @throws AgentError NOT_FOUND when there is none, OUT_OF_RANGE when it is too large */
  read(location: ObjectLocation, options: ReadOptions): Promise<Uint8Array>;
  /** Writes an object whole, or not at all. */
  write(location: ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Takes an object away; one that is not there is gone already. */
  delete(location: ObjectLocation, signal: AbortSignal): Promise<void>;
  /** The object of exactly this name. A missing bucket may look like a missing object. */
  stat(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined>;
  /** Everything whose name begins with the location's key. A missing bucket is an error. */
  list(prefix: ObjectLocation, options: ListOptions): AsyncIterable<ListedPage>;
}
