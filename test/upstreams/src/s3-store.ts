import { createHash } from 'node:crypto';
import { S3Failure } from './s3-answer.ts';

/** An object as it is stored. */
export interface StoredObject {
  readonly body: Uint8Array;
  /** MD5 in hex, in double quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly contentType: string;
}

/** What a listing asks for. */
export interface Listing {
  readonly prefix: string;
  /** Keys that have it after the prefix are folded into one common prefix; `''`: none are. */
  readonly delimiter: string;
  readonly maxKeys: number;
  /** List only what sorts after this name. */
  readonly after: string;
}

/** One line of a listing: an object, or the common prefix of several. */
export interface ListedName {
  readonly name: string;
  readonly object: StoredObject | undefined;
}

/** Buckets and their objects, in memory. */
export class S3Store {
  readonly #buckets = new Map<string, Map<string, StoredObject>>();

  createBucket(bucket: string): void {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  requireBucket(bucket: string): Map<string, StoredObject> {
    const objects = this.#buckets.get(bucket);
    if (objects === undefined) throw new S3Failure(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return objects;
  }

  put(bucket: string, key: string, body: Uint8Array, contentType = 'binary/octet-stream'): StoredObject {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const object = { body, etag, lastModified: new Date(), contentType };
    this.requireBucket(bucket).set(key, object);
    return object;
  }

  get(bucket: string, key: string): StoredObject {
    const object = this.requireBucket(bucket).get(key);
    if (object === undefined) throw new S3Failure(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  delete(bucket: string, key: string): void {
    this.requireBucket(bucket).delete(key);
  }

  /** A page of a bucket's listing, in the order of the names' bytes, and whether there is more. */
  list(bucket: string, listing: Listing): { readonly page: readonly ListedName[]; readonly truncated: boolean } {
    const names = new Map<string, StoredObject | undefined>();
    for (const [key, object] of this.requireBucket(bucket)) {
      if (!key.startsWith(listing.prefix)) continue;
      const end = listing.delimiter === '' ? -1 : key.indexOf(listing.delimiter, listing.prefix.length);
      if (end < 0) names.set(key, object);
      else names.set(key.slice(0, end + listing.delimiter.length), undefined);
    }
    const rest = [...names].filter(([name]) => byBytes(name, listing.after) > 0).toSorted(([left], [right]) => byBytes(left, right));
    const page = rest.slice(0, listing.maxKeys).map(([name, object]) => ({ name, object }));
    return { page, truncated: listing.maxKeys > 0 && rest.length > page.length };
  }
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
