import { afterEach, describe, expect, test, vi } from 'vitest';
import { ownAccount } from './azure.ts';
import { ObjectStore } from './store.ts';

const signal = new AbortController().signal;
const urls = ['s3://bucket/a', 'gs://bucket/a', 'abfs://data/a'];

afterEach(() => vi.unstubAllEnvs());

/** What an import of a package that is not installed gives. */
function notInstalled(): Promise<never> {
  return Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }));
}

describe('a service whose package is not installed', () => {
  const sdks = { s3: notInstalled, gs: notInstalled, azureBlob: notInstalled, azureIdentity: notInstalled };

  test.each([
    ['s3://bucket/a', '@aws-sdk/client-s3'],
    ['gs://bucket/a', 'google-auth-library'],
    ['abfs://data@acme.dfs.core.windows.net/a', '@azure/storage-blob'],
  ])('%s: says which one', async (url, name) => {
    const missing = {
      code: 'FAILED_PRECONDITION',
      origin: 'system',
      passes: false,
      message: `the package ${name} is not installed beside the server: npm install ${name}`,
    };
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', '');
    const store = new ObjectStore({ sdks: { ...sdks, azureIdentity: () => import('@azure/identity') } });
    await expect(store.stat(url, signal)).rejects.toMatchObject(missing);
  });

  test('is asked for again: it may have been installed', async () => {
    const s3 = vi.fn<() => Promise<unknown>>(notInstalled);
    const store = new ObjectStore({ sdks: { s3 } });
    await expect(store.prepare('s3')).rejects.toThrow('npm install @aws-sdk/client-s3');
    s3.mockImplementation(() => import('@aws-sdk/client-s3'));
    await expect(store.prepare('s3')).resolves.toBeUndefined();
    await store.prepare('s3');
    expect(s3).toHaveBeenCalledTimes(2);
  });

  test('is told apart from one that is broken', async () => {
    const store = new ObjectStore({ sdks: { gs: () => Promise.reject(new SyntaxError('Unexpected token')) } });
    await expect(store.prepare('gs')).rejects.toThrow('the package google-auth-library cannot be loaded');
  });

  test('costs nothing while nobody asks for it', () => {
    const load = vi.fn<() => Promise<unknown>>(notInstalled);
    void new ObjectStore({ sdks: { s3: load, gs: load, azureBlob: load, azureIdentity: load } });
    expect(load).not.toHaveBeenCalled();
  });
});

describe('C14: a store', () => {
  test.each(urls)('without roots asks no service for %s', async (url) => {
    const load = vi.fn<() => Promise<unknown>>(notInstalled);
    const store = new ObjectStore({ roots: [], sdks: { s3: load, gs: load, azureBlob: load, azureIdentity: load } });
    const refused = {
      code: 'FAILED_PRECONDITION',
      passes: false,
      message: `${url} is in none of the places that the server may read and write (set storeRoots)`,
    };
    await expect(store.stat(url, signal)).rejects.toMatchObject(refused);
    await expect(store.read(url, { maxBytes: 1, signal })).rejects.toMatchObject(refused);
    await expect(store.write(url, new Uint8Array(), signal)).rejects.toMatchObject(refused);
    await expect(store.list(url, { signal }).next()).rejects.toMatchObject(refused);
    expect(load).not.toHaveBeenCalled();
  });

  test('takes no key with dots from anybody', async () => {
    const store = new ObjectStore({ roots: ['s3://bucket/pre'] });
    const at = { service: 's3', account: '', container: 'bucket', key: 'pre/../secret' } as const;
    await expect(store.stat(at, signal)).rejects.toThrow('storeRoots');
  });

  test.each(['http://example.com/x', 's3://', 'abfs://data@example.com/x', 's3://bucket/../x'])('has no root %s', (root) => {
    expect(() => new ObjectStore({ roots: [root] })).toThrow(`storeRoots: ${JSON.stringify(root)}: the location`);
  });

  test('knows its own account by either name', async () => {
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', 'AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net');
    const store = new ObjectStore({ roots: ['abfs://data@acme.dfs.core.windows.net/pre'], sdks: { azureBlob: notInstalled } });
    await expect(store.stat('abfs://data/pre/a', signal)).rejects.toThrow('npm install @azure/storage-blob');
    await expect(store.stat('abfs://data/prefix/a', signal)).rejects.toThrow('storeRoots');
    await expect(store.stat('abfs://data@other.dfs.core.windows.net/pre/a', signal)).rejects.toThrow('storeRoots');
  });
});

test.each<[Record<string, string>, string | undefined]>([
  [{ AZURE_STORAGE_CONNECTION_STRING: 'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=x' }, 'acme.core.windows.net'],
  [{ AZURE_STORAGE_CONNECTION_STRING: 'AccountName=acme;EndpointSuffix=core.chinacloudapi.cn' }, 'acme.core.chinacloudapi.cn'],
  [
    { AZURE_STORAGE_CONNECTION_STRING: 'BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=x' },
    'acme.core.windows.net',
  ],
  [{ AZURE_STORAGE_ACCOUNT: 'acme' }, 'acme.core.windows.net'],
  [{ AZURE_STORAGE_ACCOUNT_NAME: 'acme', AZURE_STORAGE_ACCOUNT: 'other' }, 'acme.core.windows.net'],
  [{ AZURE_STORAGE_ACCOUNT: '' }, undefined],
  [{}, undefined],
])('Azure’s own account of %j is %s', (environment, account) => {
  expect(ownAccount(environment)).toBe(account);
});
