/** Certificates that tests make as they go, and the files they are put into. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { TlsFiles } from '../certificates.ts';

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What a test wants of a certificate. */
export interface CertificateOptions {
  /** Who signs it. Default: itself. */
  readonly issuer?: Pair | undefined;
  /** Whether it may sign others. Default false. */
  readonly isAuthority?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Encrypts its key. Default: it is not encrypted. */
  readonly passphrase?: string;
}

/** A certificate for this machine, or an authority's. */
export async function certificate(name: string, options: CertificateOptions = {}): Promise<Pair> {
  const { issuer, isAuthority = false, notBefore, notAfter, passphrase } = options;
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: notBefore ?? new Date(Date.now() - 60_000),
    notAfterDate: notAfter ?? new Date(Date.now() + 86_400_000),
    ...(issuer === undefined ? {} : { ca: issuer }),
    ...(passphrase === undefined ? {} : { passphrase }),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: isAuthority, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** An authority, which clients trust. */
export function authority(name: string): Promise<Pair> {
  return certificate(name, { isAuthority: true });
}

/** Writes a pair, and what else there is, into a new folder. */
export async function tlsFolder({ cert, key }: Pair, clientCa?: string): Promise<{ readonly folder: string; readonly files: TlsFiles }> {
  const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-tls-'));
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), clientCa: join(folder, 'ca.crt') };
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key), clientCa === undefined ? undefined : writeFile(files.clientCa, clientCa)]);
  return { folder, files: clientCa === undefined ? { cert: files.cert, key: files.key } : files };
}
