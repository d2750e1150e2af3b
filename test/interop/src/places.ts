import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient } from '@azure/storage-blob';
import { requirement, startAzurite, startGcs, startMoto } from '@flyte-agents/test-upstreams';

/** A store with a bucket. */
export interface Place {
  /** The bucket's URL, without a slash at its end. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Every kind of store there is: one of files, and third-party servers. */
export const places = [
  { name: 'files', needs: requirement(), isService: false, start: files },
  { name: 'S3 of moto', needs: requirement('python3'), isService: true, start: s3 },
  { name: 'fake-gcs-server', needs: requirement('go'), isService: true, start: gcs },
  { name: 'Azurite', needs: requirement(), isService: true, start: azure },
];

async function files(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-store-'));
  return { url: pathToFileURL(folder).href, environment: {}, stop: () => rm(folder, { recursive: true }) };
}

async function s3(): Promise<Place> {
  const moto = await startMoto();
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region } = moto.environment;
  const client = new S3Client({ endpoint: moto.endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await client.send(new CreateBucketCommand({ Bucket: 'data' }));
  client.destroy();
  return { url: 's3://data', environment: moto.environment, stop: () => moto.stop() };
}

async function gcs(): Promise<Place> {
  const server = await startGcs();
  await server.createBucket('data');
  return { url: 'gs://data', environment: server.environment, stop: () => server.stop() };
}

async function azure(): Promise<Place> {
  const azurite = await startAzurite();
  const client = BlobServiceClient.fromConnectionString(azurite.environment.AZURE_STORAGE_CONNECTION_STRING);
  await client.createContainer('data');
  return { url: 'abfs://data', environment: azurite.environment, stop: () => azurite.stop() };
}
