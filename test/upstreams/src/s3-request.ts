import type { IncomingMessage } from 'node:http';
import { S3Failure } from './s3-answer.ts';

/** The requests that the S3 server knows, named as in S3's reference. */
export type S3Operation = 'CreateBucket' | 'DeleteObject' | 'GetObject' | 'HeadBucket' | 'HeadObject' | 'ListObjectsV2' | 'PutObject';

/** A request, taken apart. */
export interface S3Request {
  /** `undefined` for what this server does not know. */
  readonly operation: S3Operation | undefined;
  readonly bucket: string;
  /** Empty for the requests about a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

const bucketOperations: Readonly<Record<string, S3Operation>> = { GET: 'ListObjectsV2', HEAD: 'HeadBucket', PUT: 'CreateBucket' };
const objectOperations: Readonly<Record<string, S3Operation>> = {
  DELETE: 'DeleteObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
};
const listParameters = [
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
];
const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/\d{8}\/[^/,\s]+\/s3\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;

/** Which operation a request asks for. The bucket is the first part of the path: names in the host are not known here. */
export function parseRequest(method: string, target: string): S3Request {
  const [path = '', search] = target.split('?', 2);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
  const query = new URLSearchParams(search);
  const operation = (key === '' ? bucketOperations : objectOperations)[method];
  const known = new Set(operation === 'ListObjectsV2' ? ['x-id', ...listParameters] : ['x-id']);
  // A parameter such as `acl` or `uploads` makes another operation of the request.
  const plain = [...query.keys()].every((name) => known.has(name));
  const listed = operation !== 'ListObjectsV2' || query.get('list-type') === '2';
  return {
    operation: bucket !== '' && plain && listed ? operation : undefined,
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(key),
    query,
  };
}

/** Refuses a request that is not signed in the form of Signature Version 4 with a known key. The signature itself is not verified. */
export function authorize(header: string | undefined, accessKeyId: string): void {
  const signer = authorization.exec(header ?? '')?.[1];
  if (signer === undefined) throw new S3Failure(403, 'AccessDenied', 'Access Denied');
  if (signer !== accessKeyId) {
    throw new S3Failure(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
}

/** The content of a body: without the chunk frames in which clients send a stream. */
export function bodyContent(request: IncomingMessage, body: Buffer): Buffer {
  return String(request.headers['x-amz-content-sha256']).startsWith('STREAMING-') ? withoutFrames(body) : body;
}

/** Frames are `<length in hex>[;signature]\r\n<bytes>\r\n`; the one of length 0 is the last, trailing checksums follow. */
function withoutFrames(framed: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let position = 0; ;) {
    const headEnd = framed.indexOf('\r\n', position);
    const length = Number.parseInt(framed.toString('latin1', position, headEnd), 16);
    if (headEnd < 0 || Number.isNaN(length)) throw new S3Failure(400, 'IncompleteBody', 'The request body is not framed as it says.');
    if (length === 0) return Buffer.concat(parts);
    parts.push(framed.subarray(headEnd + 2, headEnd + 2 + length));
    position = headEnd + 2 + length + 2;
  }
}
