import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startServer } from './process.ts';

/** Environment variables that lead an Azure client to a server of ours. */
export type AzureEnvironment = {
  readonly AZURE_STORAGE_CONNECTION_STRING: string;
};

/** Microsoft's own emulator of Azure's blob storage. */
export interface Azurite {
  readonly environment: AzureEnvironment;
  stop(): Promise<void>;
}

/** The account and the key that Microsoft publishes for its emulators. */
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Starts Azurite on the loopback address, empty and in memory. */
export async function startAzurite(): Promise<Azurite> {
  const folder = dirname(createRequire(import.meta.url).resolve('azurite/package.json'));
  const server = await startServer({
    name: 'azurite',
    command: process.execPath,
    arguments: (port) => [
      join(folder, 'dist/src/blob/main.js'),
      '--inMemoryPersistence',
      // The SDK may be newer than the emulator.
      '--skipApiVersionCheck',
      '--disableTelemetry',
      '--silent',
      '--blobHost=127.0.0.1',
      `--blobPort=${port}`,
    ],
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/`)).status === 400,
  });
  const parts = {
    DefaultEndpointsProtocol: 'http',
    AccountName: account,
    AccountKey: key,
    BlobEndpoint: `http://127.0.0.1:${server.port}/${account}`,
  };
  const connection = Object.entries(parts).map(([name, value]) => `${name}=${value};`);
  return { environment: { AZURE_STORAGE_CONNECTION_STRING: connection.join('') }, stop: server.stop };
}
