import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { ObjectStore } from './store.ts';

/** The adapters of the SDKs against a socket: what they make of a service that refuses, stumbles or is not there. */

let server: Server;
let origin: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: string[];
const live = new AbortController().signal;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader('etag', '"1"');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
});
afterEach(() => vi.unstubAllEnvs());

interface Service {
  readonly name: string;
  readonly url: string;
  environment(endpoint: string): Readonly<Record<string, string>>;
  /** An error in the service's own form. */
  failure(code: string): { readonly type: string; readonly body: string };
  /** An empty listing. */
  readonly empty: { readonly type: string; readonly body: string };
  /** What the service calls it, its status, and what becomes of it. */
  readonly faults: readonly (readonly [string, number, string, RegExp])[];
}

const services: readonly Service[] = [
  {
    name: 'S3',
    url: 's3://bucket/in/a',
    environment: (endpoint) => ({
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_REGION: 'us-east-1',
    }),
    failure: (code) => ({ type: 'application/xml', body: `<Error><Code>${code}</Code><Message>Told by the service.</Message></Error>` }),
    empty: { type: 'application/xml', body: '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>' },
    faults: [
      ['AccessDenied', 403, 'PERMISSION_DENIED', /^S3 s3:\/\/bucket\/in\/a: 403 AccessDenied \(grant s3:GetObject and s3:ListBucket\)$/],
      ['InvalidAccessKeyId', 403, 'UNAUTHENTICATED', /give the server AWS credentials/],
      ['SignatureDoesNotMatch', 403, 'UNAUTHENTICATED', /give the server AWS credentials/],
      ['ExpiredToken', 400, 'UNAVAILABLE', /: 400 ExpiredToken: Told by the service\.$/],
      ['NoSuchBucket', 404, 'NOT_FOUND', /\(create the bucket, or correct the path\)$/],
      ['SlowDown', 503, 'RESOURCE_EXHAUSTED', /: 503 SlowDown: Told by the service\.$/],
      ['TooManyRequests', 429, 'RESOURCE_EXHAUSTED', /Told by the service/],
      ['InternalError', 500, 'UNAVAILABLE', /: 500 InternalError: Told by the service\.$/],
    ],
  },
  {
    name: 'GCS',
    url: 'gs://bucket/in/a',
    environment: (endpoint) => ({ STORAGE_EMULATOR_HOST: endpoint }),
    failure: (reason) => ({
      type: 'application/json',
      body: JSON.stringify({ error: { message: 'Told by the service.', errors: [{ reason }] } }),
    }),
    empty: { type: 'application/json', body: '{"kind":"storage#objects"}' },
    faults: [
      ['forbidden', 403, 'PERMISSION_DENIED', /^GCS gs:\/\/bucket\/in\/a: 403 forbidden \(grant the role Storage Object Viewer\)$/],
      ['authError', 401, 'UNAUTHENTICATED', /give the server Google credentials/],
      ['notFound', 404, 'NOT_FOUND', /\(create the bucket, or correct the path\)$/],
      ['userRateLimitExceeded', 403, 'RESOURCE_EXHAUSTED', /: 403 userRateLimitExceeded: Told by the service\.$/],
      ['rateLimitExceeded', 429, 'RESOURCE_EXHAUSTED', /Told by the service/],
      ['backendError', 503, 'UNAVAILABLE', /Told by the service/],
    ],
  },
  {
    name: 'Azure',
    url: 'abfs://data/in/a',
    environment: (endpoint) => ({
      AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=a2V5;BlobEndpoint=${endpoint}/acme`,
    }),
    failure: (code) => ({ type: 'application/xml', body: `<Error><Code>${code}</Code><Message>Told by the service.</Message></Error>` }),
    empty: {
      type: 'application/xml',
      body: '<?xml version="1.0"?><EnumerationResults ContainerName="data"><Prefix/><Blobs/><NextMarker/></EnumerationResults>',
    },
    faults: [
      [
        'AuthorizationPermissionMismatch',
        403,
        'PERMISSION_DENIED',
        /^Azure abfs:\/\/data\/in\/a: 403 \w+ \(grant the role Storage Blob Data Reader\)$/,
      ],
      ['AuthenticationFailed', 403, 'UNAUTHENTICATED', /give the server Azure credentials/],
      ['ContainerNotFound', 404, 'NOT_FOUND', /\(create the container, or correct the path\)$/],
      ['ServerBusy', 503, 'RESOURCE_EXHAUSTED', /: 503 ServerBusy: Told by the service\./],
      ['InternalError', 500, 'UNAVAILABLE', /: 500 InternalError: Told by the service\./],
    ],
  },
];

/** A store that finds our server in place of the service. */
function storeFor(service: Service | undefined): ObjectStore {
  for (const [name, value] of Object.entries(service?.environment(origin) ?? {})) vi.stubEnv(name, value);
  return new ObjectStore();
}

describe.each(services)('the adapter of $name', (service) => {
  const store = (): ObjectStore => storeFor(service);
  async function list(objects: ObjectStore, signal: AbortSignal = live): Promise<unknown> {
    return objects.list(service.url, { signal }).next();
  }

  test.each(service.faults)('SE4: tells of %s (%i) as %s, after one try', async (name, status, code, message) => {
    const { type, body } = service.failure(name);
    answer = (_request, response) => response.writeHead(status, { 'content-type': type, 'x-ms-error-code': name }).end(body);
    const fault = await list(store()).catch((error: unknown) => error);
    expect(AgentError.is(fault) && fault).toMatchObject({
      code,
      origin: 'system',
      passes: code === 'UNAVAILABLE' || code === 'RESOURCE_EXHAUSTED',
      message: expect.stringMatching(message),
    });
    expect(requests).toHaveLength(1);
  });

  test('SE4: a connection that is reset passes by itself', async () => {
    answer = (request) => request.socket.resetAndDestroy();
    await expect(list(store())).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
    expect(requests).toHaveLength(1);
  });

  test('SE4: an answer that is broken off passes by itself', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 100 }).write('half');
      setTimeout(() => response.destroy(), 20);
    };
    await expect(store().read(service.url, { maxBytes: 100, signal: live })).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
  });

  test.each(['It works!', '<html><body>It works!</body></html>', '{}x'])(
    'SE4: an answer that is something else passes by itself: %s',
    async (page) => {
      answer = (_request, response) => response.writeHead(200, { 'content-type': service.empty.type }).end(page);
      await expect(list(store())).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
    },
  );

  test('R5: a look ends when its signal does, also in the middle of an answer', async () => {
    for (const stall of [() => {}, (response: ServerResponse) => void response.writeHead(200, { 'content-length': 100 }).write('half')]) {
      const arrived = Promise.withResolvers<void>();
      answer = (_request, response) => {
        stall(response);
        setTimeout(arrived.resolve, 20);
      };
      const controller = new AbortController();
      const read = store().read(service.url, { maxBytes: 100, signal: controller.signal });
      void arrived.promise.then(() => controller.abort());
      await expect(read).rejects.toMatchObject({
        code: 'DEADLINE_EXCEEDED',
        message: expect.stringContaining('no answer in time'),
      });
    }
  });

  test('does not read what is said to be too large', async () => {
    answer = (_request, response) => void response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1e9 }).write('x');
    await expect(store().read(service.url, { maxBytes: 100, signal: live })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  test('OP10: takes an object away, also one that is not there, and says when it may not', async () => {
    answer = (_request, response) => response.writeHead(service.name === 'Azure' ? 202 : 204).end();
    await store().delete(service.url, live);
    answer = (_request, response) => response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
    // S3 does not tell.
    if (service.name !== 'S3') await store().delete(service.url, live);
    expect(requests[0]).toMatch(/^DELETE .*in(?:\/|%2F)a\b/);
    const [name, status] = service.faults[0] ?? ['', 0];
    const { type, body } = service.failure(name);
    answer = (_request, response) => response.writeHead(status, { 'content-type': type, 'x-ms-error-code': name }).end(body);
    await expect(store().delete(service.url, live)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/grant /),
    });
  });

  // Azure's SDK takes no answer without a size.
  test.each(service.name === 'Azure' ? [] : ['no size'])('stops reading what says %s and is too large', async () => {
    const gone = Promise.withResolvers<void>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = setInterval(() => response.write('x'.repeat(60)), 5);
      response.on('close', () => {
        clearInterval(more);
        gone.resolve();
      });
    };
    await expect(store().read(service.url, { maxBytes: 100, signal: live })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    await gone.promise;
  });

  test('SE9: knows what time it is for the service', async () => {
    const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': service.empty.type, date: date.toUTCString() }).end(service.empty.body);
    };
    expect(await list(store())).toEqual({ done: false, value: { objects: [], seenAt: date.getTime() } });
  });
});

describe('without the right to read an object', () => {
  const s3 = services[0];
  const listed = `<ListBucketResult><KeyCount>1</KeyCount><Contents><Key>in/a</Key><Size>5</Size></Contents></ListBucketResult>`;

  test.each([403, 400])('SE4: S3 still tells by a listing whether it is there, after a %i without a body', async (status) => {
    answer = (request, response) => {
      if (request.method === 'HEAD') response.writeHead(status).end();
      else response.writeHead(200, { 'content-type': 'application/xml' }).end(listed);
    };
    const store = storeFor(s3);
    expect(await store.stat('s3://bucket/in/a', live)).toMatchObject({ key: 'in/a', size: 5 });
    expect(await store.stat('s3://bucket/in/', live)).toBeUndefined();
  });
});

describe('SE4: without credentials', () => {
  test.each<[string, string, Record<string, string>]>([
    ['AWS', 's3://bucket/a', { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' }],
    ['Google', 'gs://bucket/a', { METADATA_SERVER_DETECTION: 'none', HOME: '/nowhere', CLOUDSDK_CONFIG: '/nowhere' }],
    ['Azure', 'abfs://data@acme.dfs.core.windows.net/a', { AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' }],
  ])('it says how to give %s’s', async (name, url, environment) => {
    for (const [variable, value] of Object.entries(environment)) vi.stubEnv(variable, value);
    const fault = { code: 'UNAUTHENTICATED', passes: false, message: expect.stringContaining(`give the server ${name} credentials: `) };
    await expect(new ObjectStore().stat(url, live)).rejects.toMatchObject(fault);
  });

  test('R8: a connection string that is none is not repeated', async () => {
    vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', 'AccountKey=geheim');
    const fault = { code: 'FAILED_PRECONDITION', message: expect.not.stringContaining('geheim') };
    await expect(new ObjectStore().stat('abfs://data/a', live)).rejects.toMatchObject(fault);
  });

  test('Azure’s account may be missing altogether', async () => {
    await expect(new ObjectStore().stat('abfs://data/a', live)).rejects.toThrow(
      'set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING',
    );
  });
});
