import { AgentError, type PokeResult } from '@flyte-agents/core';

/** An object or folder on S3. */
export interface Location {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Where an `s3://bucket/key` path points.
 *
 * @throws AgentError INVALID_ARGUMENT for any other path; the text never repeats more than the scheme, a path may hold a token
 */
export function toLocation(path: string): Location {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path) ?? [];
  if (scheme?.toLowerCase() !== 's3') {
    const what = scheme === undefined ? 'has no scheme' : `is a ${scheme}:// URL`;
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `input path: ${what}; this sensor waits for s3://bucket/key` });
  }
  const [, bucket = '', key = ''] = /^s3:\/\/([^/?#]*)\/?(.*)$/is.exec(path) ?? [];
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.exec(bucket) === null) {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'input path: s3:// must be followed by the name of a bucket' });
  }
  if (key === '') throw new AgentError({ code: 'INVALID_ARGUMENT', message: `input path: s3://${bucket} names no object; add its key` });
  if (/[?&](x-amz-|awsaccesskeyid=|signature=)/i.test(key)) {
    const message =
      'input path: looks like a signed URL, whose signature would be stored in the cluster; give the plain s3:// path, the server has its own credentials';
    throw new AgentError({ code: 'INVALID_ARGUMENT', message });
  }
  return { bucket, key };
}

/** A location as people write it. */
export function toUrl({ bucket, key }: Location): string {
  return `s3://${bucket}/${key}`;
}

/** The prefix of everything that lies in a folder of this name. */
export function toFolderPrefix(key: string): string {
  return key.endsWith('/') ? key : `${key}/`;
}

export function found(location: Location): PokeResult {
  return { met: true, message: `${toUrl(location)} is there` };
}

export function notFound(location: Location): PokeResult {
  return { met: false, message: `waiting for ${toUrl(location)}` };
}
