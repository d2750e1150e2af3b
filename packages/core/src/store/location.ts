import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AgentError } from '../errors.ts';

/** A service that keeps objects. */
export type StoreService = 's3' | 'gs' | 'azure' | 'file';

/** Where an object is, or a folder, or whatever begins with this key. */
export interface ObjectLocation {
  readonly service: StoreService;
  /** Azure's storage account with its domain: `account.core.windows.net`. Empty: the server's own, and everywhere but on Azure. */
  readonly account: string;
  /** Bucket or container; empty for files. */
  readonly container: string;
  /** The object's exact name, never decoded; of a file its absolute path. */
  readonly key: string;
}

const services: Readonly<Record<string, StoreService>> = {
  s3: 's3',
  s3a: 's3',
  gs: 'gs',
  gcs: 'gs',
  abfs: 'azure',
  abfss: 'azure',
  az: 'azure',
  wasb: 'azure',
  wasbs: 'azure',
  file: 'file',
};

const bucketNames: Readonly<Record<'s3' | 'gs', RegExp>> = {
  s3: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  gs: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
};
/** Only Microsoft's own domains: the server's credentials are sent there. */
const azureAuthority =
  /^(?:([^@]+)@([a-z0-9]{3,24})\.(?:blob|dfs)\.(core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)))$|^([^@]+)$/;
const azureContainer = /^(?:[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$web)$/;

/**
 * Where a URL points: `s3://bucket/key`, `gs://bucket/key`, `abfs://container@account.dfs.core.windows.net/key`,
 * `abfs://container/key` on the server's own account, `file:///path` or a bare absolute path. The key may be empty.
 *
 * @throws AgentError INVALID_ARGUMENT for any other text; the message repeats no more than the scheme, the rest may hold a token
 */
export function parseLocation(url: string): ObjectLocation {
  const [, name, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url) ?? [];
  if (name === undefined && !url.startsWith('/')) throw invalid('has no scheme; expected s3://, gs://, abfs://, or the path of a file');
  const scheme = (name ?? 'file').toLowerCase();
  const service = services[scheme];
  if (service === undefined) throw invalid(`is a ${scheme}:// URL; expected s3://, gs://, abfs:// or file://`);
  if (hasDotSegment(name === undefined ? url : rest)) throw invalid('has a part that is "." or "..", which stores read in different ways');
  if (service === 'file') return { service, account: '', container: '', key: toPath(url) };
  const [, authority = '', key = ''] = /^([^/]*)\/?(.*)$/s.exec(rest) ?? [];
  return service === 'azure'
    ? { service, ...toContainer(scheme, authority), key }
    : { service, account: '', container: toBucket(service, authority), key };
}

/** A location as people write it. */
export function toUrl({ service, account, container, key }: ObjectLocation): string {
  if (service === 'file') return pathToFileURL(key).href;
  if (service !== 'azure') return `${service}://${container}/${key}`;
  return `abfs://${container}${account === '' ? '' : `@${account.replace('.', '.dfs.')}`}/${key}`;
}

/** Whether a location is a root or below it: `s3://b/pre` holds `s3://b/pre/x`, but not `s3://b/prefix`. */
export function isUnder(root: ObjectLocation, { service, account, container, key }: ObjectLocation): boolean {
  if (service !== root.service || account !== root.account || container !== root.container) return false;
  const prefix = root.key.replace(/\/+$/, '');
  return prefix === '' || key === prefix || key.startsWith(`${prefix}/`);
}

function toBucket(service: 's3' | 'gs', authority: string): string {
  if (!bucketNames[service].test(authority)) throw invalid(`: ${service}:// must be followed by the name of a bucket`);
  return authority;
}

function toContainer(scheme: string, authority: string): { readonly account: string; readonly container: string } {
  const [, named, account, domain, alone] = azureAuthority.exec(authority) ?? [];
  const container = named ?? alone ?? '';
  if (!azureContainer.test(container)) {
    throw invalid(`: ${scheme}:// must be followed by the name of a container, or by container@account.dfs.core.windows.net`);
  }
  return { account: account === undefined ? '' : `${account}.${domain}`, container };
}

function toPath(url: string): string {
  if (url.startsWith('/')) return resolve(url);
  // A URL would take what follows for something else than the path.
  if (/[?#]/.test(url)) throw invalid('is a file:// URL with "?" or "#" in it; write them as %3F and %23, or give the path itself');
  try {
    return resolve(fileURLToPath(url));
  } catch (error) {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'the location is no file:// URL of a path on this machine', cause: error });
  }
}

/**
 * Whether a name has a part that is `.` or `..`, also where the dots or slashes are encoded, once or more often: something on
 * the way may decode them.
 */
export function hasDotSegment(path: string): boolean {
  const plain = path.replace(/%(?:25)*2e/gi, '.').replace(/%(?:25)*(?:2f|5c)|\\/gi, '/');
  return /(?:^|\/)\.{1,2}(?:\/|$)/.test(plain);
}

function invalid(what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `the location${what.startsWith(':') ? '' : ' '}${what}` });
}
