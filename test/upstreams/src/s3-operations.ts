import { document, element, S3Failure, type Answer } from './s3-answer.ts';
import type { S3Operation, S3Request } from './s3-request.ts';
import type { ListedName, S3Store, StoredObject } from './s3-store.ts';

/** What an operation works on. */
export interface OperationInput {
  readonly store: S3Store;
  readonly request: S3Request;
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/** What each operation does and answers. */
export const operations: Readonly<Record<S3Operation, (input: OperationInput) => Answer>> = {
  CreateBucket: ({ store, request }) => {
    store.createBucket(request.bucket);
    return { status: 200, headers: { location: `/${request.bucket}` } };
  },
  HeadBucket: ({ store, request }) => {
    store.requireBucket(request.bucket);
    return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
  },
  PutObject: ({ store, request, body, contentType }) => {
    const { etag } = store.put(request.bucket, request.key, body, contentType);
    return { status: 200, headers: { etag } };
  },
  HeadObject: ({ store, request }) => objectAnswer(store.get(request.bucket, request.key)),
  GetObject: ({ store, request }) => objectAnswer(store.get(request.bucket, request.key)),
  DeleteObject: ({ store, request }) => {
    store.delete(request.bucket, request.key);
    return { status: 204 };
  },
  ListObjectsV2: listObjects,
};

function objectAnswer(object: StoredObject): Answer {
  const headers = {
    etag: object.etag,
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    'last-modified': object.lastModified.toUTCString(),
  };
  return { status: 200, headers, body: object.body };
}

function listObjects({ store, request: { bucket, query } }: OperationInput): Answer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const maxKeys = pageSize(query.get('max-keys'));
  const after = token === null ? startAfter : Buffer.from(token, 'base64url').toString();
  const { page, truncated } = store.list(bucket, { prefix, delimiter, maxKeys, after });
  const name = query.get('encoding-type') === 'url' ? encodeURIComponent : String;
  const content = [
    element('Name', bucket),
    element('Prefix', name(prefix)),
    element('Delimiter', delimiter === '' ? undefined : name(delimiter)),
    element('MaxKeys', maxKeys),
    element('KeyCount', page.length),
    element('EncodingType', query.get('encoding-type') ?? undefined),
    element('StartAfter', startAfter === '' ? undefined : name(startAfter)),
    element('ContinuationToken', token ?? undefined),
    element('NextContinuationToken', truncated ? Buffer.from(page.at(-1)?.name ?? '').toString('base64url') : undefined),
    element('IsTruncated', truncated),
    ...page.map((listed) => listedElement(listed, name)),
  ];
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: document('ListBucketResult', content.join('')) };
}

function listedElement({ name, object }: ListedName, encode: (name: string) => string): string {
  if (object === undefined) return `<CommonPrefixes>${element('Prefix', encode(name))}</CommonPrefixes>`;
  const content = [
    element('Key', encode(name)),
    element('LastModified', object.lastModified.toISOString()),
    element('ETag', object.etag),
    element('Size', object.body.length),
    element('StorageClass', 'STANDARD'),
  ];
  return `<Contents>${content.join('')}</Contents>`;
}

/** At most 1000, which is also S3's default. */
function pageSize(parameter: string | null): number {
  if (parameter === null) return 1000;
  if (!/^\d+$/.test(parameter)) throw new S3Failure(400, 'InvalidArgument', 'Provided max-keys not an integer or within integer range');
  return Math.min(Number(parameter), 1000);
}
