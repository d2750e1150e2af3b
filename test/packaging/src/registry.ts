import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from '@flyte-agents/test-upstreams';
import { pack } from './pack.ts';
import { publishedPackages, type WorkspacePackage } from './workspace.ts';

/** A registry on the loopback address that has the packages of this workspace, as they would be published. */
export interface PackageRegistry {
  readonly url: string;
  stop(): Promise<void>;
}

/** Packs the packages and starts it. What they depend on is found where npm finds it otherwise. */
export async function startRegistry(): Promise<PackageRegistry> {
  const place = await mkdtemp(join(tmpdir(), 'flyte-agents-registry-'));
  const documents = new Map<string, object>();
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url.slice(1));
    const document = documents.get(path);
    if (document !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    else if (path.endsWith('.tgz')) createReadStream(join(place, basename(path))).pipe(response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server's address is never a path.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const each of publishedPackages()) documents.set(each.manifest.name, await toDocument(each, { place, url }));
  return {
    url,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** What a registry tells of a package. */
async function toDocument(each: WorkspacePackage, { place, url }: { readonly place: string; readonly url: string }): Promise<object> {
  const { filename, integrity } = await pack(each, place);
  const manifest: WorkspacePackage['manifest'] = JSON.parse(await run('tar', ['xzOf', filename, 'package/package.json']));
  const { name, version } = manifest;
  const dist = { tarball: `${url}${basename(filename)}`, integrity };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}
