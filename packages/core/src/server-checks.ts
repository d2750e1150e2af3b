import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { readIdentity, validity, type Identity, type TlsFiles } from './certificates.ts';
import type { Check } from './check.ts';
import { AgentError } from './errors.ts';
import { attempt } from './store/fault.ts';
import { refusal } from './store/file.ts';
import { toUrl, type ObjectLocation } from './store/location.ts';
import { ObjectStore, toRoot } from './store/store.ts';

/** How long the removal of what a check wrote may take, in milliseconds. */
const removalMs = 5000;
const probeText = 'Written by flyte-agents doctor. It may be deleted.\n';

/**
 * A check of a place of the store: that it can be listed, or as a folder be read and written.
 *
 * @param options.write whether to write a small object there, read it and take it away again. Default: nothing is written
 */
export function storeCheck(root: string, { write = false }: { readonly write?: boolean | undefined } = {}): Check {
  return {
    name: 'store',
    async run({ signal }) {
      const location = locationOf(root);
      const store = new ObjectStore({ roots: [root] });
      const folder = { ...location, key: location.key.replace(/([^/])$/, '$1/') };
      const found = await reach(store, folder, signal);
      return `${root}: ${write ? await tryOut(store, folder, signal) : found}`;
    },
  };
}

/** Checks of the certificate that the server shows. */
export function tlsChecks(files: TlsFiles): readonly Check[] {
  return [
    {
      name: 'certificate',
      async run() {
        const { certificate } = await identity(files);
        const { subject, subjectAltName: names = subject, validTo } = certificate;
        const problem = validity(certificate, files.cert);
        if (problem !== undefined) throw wrong(`${problem} (put a certificate there that is valid now)`);
        return `${files.cert}: ${names}, until ${validTo}`;
      },
    },
    {
      name: 'certificate chain',
      isOptional: true,
      async run() {
        const { disorder } = await identity(files);
        if (disorder !== undefined) throw wrong(`${disorder} (put every certificate before the one that issued it)`);
        return 'in order';
      },
    },
  ];
}

async function reach(store: ObjectStore, folder: ObjectLocation, signal: AbortSignal): Promise<string> {
  if (folder.service !== 'file') {
    await store.list(folder, { pageSize: 1, signal }).next();
    return 'can be listed; writing was not tried';
  }
  // A listing of a folder that is not there finds nothing.
  await attempt({ location: folder, operation: 'write', signal, refusal }, async () => {
    if (!(await stat(folder.key)).isDirectory()) throw Object.assign(new Error('is no folder'), { code: 'ENOTDIR' });
    await access(folder.key, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  return 'may be read and written';
}

async function tryOut(store: ObjectStore, folder: ObjectLocation, signal: AbortSignal): Promise<string> {
  const probe = { ...folder, key: `${folder.key}flyte-agents-doctor-${randomUUID()}` };
  const bytes = Buffer.from(probeText);
  await store.write(probe, bytes, signal);
  const read = await store.read(probe, { maxBytes: bytes.byteLength, signal }).catch((error: unknown) => AgentError.from(error));
  // The server itself never deletes anything: it may lack the right to.
  const isGone = await store.delete(probe, AbortSignal.timeout(removalMs)).then(
    () => true,
    () => false,
  );
  if (AgentError.is(read)) throw read;
  if (!bytes.equals(read)) throw wrong(`${toUrl(probe)} was read otherwise than it was written (see what is between here and the store)`);
  return `was written and read${isGone ? '' : `; ${toUrl(probe)} could not be deleted and stays`}`;
}

async function identity(files: TlsFiles): Promise<Identity> {
  try {
    return await readIdentity(files);
  } catch (error) {
    throw wrong(`${reasonOf(error)} (correct the file, or the setting that names it)`, error);
  }
}

function locationOf(root: string): ObjectLocation {
  try {
    return toRoot(root);
  } catch (error) {
    throw wrong(`${reasonOf(error)} (correct the setting)`, error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function wrong(message: string, cause?: unknown): AgentError {
  return new AgentError({ code: 'FAILED_PRECONDITION', message, origin: 'system', passes: false, cause });
}
