import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** The PEM files of a server that speaks TLS. */
export interface TlsFiles {
  /** The server's certificate, then those that issued it. */
  readonly cert: string;
  /** The certificate's private key, not encrypted. */
  readonly key: string;
  /** Authorities that issue clients' certificates: with it, every client must show one. Default: clients show none. */
  readonly clientCa?: string | undefined;
}

/** The contents of {@link TlsFiles} at one time, which belong together. */
export interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  readonly certificate: X509Certificate;
  /** What is wrong with the order of the certificates: many clients do not mind, some do. */
  readonly disorder: string | undefined;
}

/**
 * Reads the files and verifies that a server can use them.
 *
 * @param known what was read before: given back when the files are still the same
 * @throws Error that names the file and what is wrong with it
 */
export async function readIdentity(files: TlsFiles, known?: Identity): Promise<Identity> {
  const clientCa = files.clientCa === undefined ? Promise.resolve(undefined) : read(files.clientCa);
  const reads = [read(files.cert), read(files.key), clientCa] as const;
  // All at once, for they may be replaced meanwhile; of several that are missing, the first is named.
  await Promise.allSettled(reads);
  const [cert, key, ca] = await Promise.all(reads);
  if (known !== undefined && cert.equals(known.cert) && key.equals(known.key) && isSame(ca, known.ca)) return known;
  const chain = certificatesIn(cert, files.cert);
  const [certificate] = chain;
  if (!certificate.checkPrivateKey(privateKeyIn(key, files.key)))
    throw new Error(`${files.key} is not the key of the first certificate in ${files.cert}`);
  if (ca !== undefined && files.clientCa !== undefined) certificatesIn(ca, files.clientCa);
  try {
    createSecureContext({ cert, key, ca });
  } catch (error) {
    throw new Error(`${files.cert} and ${files.key} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
  return { cert, key, ca, certificate, disorder: disorder(chain, files.cert) };
}

/** Why clients refuse a certificate now, if they do because of its dates. */
export function validity({ validFrom, validTo }: X509Certificate, path: string): string | undefined {
  if (Date.now() > Date.parse(validTo)) return `the certificate in ${path} expired on ${validTo}`;
  if (Date.now() < Date.parse(validFrom)) return `the certificate in ${path} is not valid before ${validFrom}`;
  return undefined;
}

/** Each certificate should have issued the one before it. */
function disorder(chain: readonly X509Certificate[], path: string): string | undefined {
  const wrong = chain.findIndex((certificate, index) => chain[index - 1]?.checkIssued(certificate) === false);
  return wrong === -1
    ? undefined
    : `certificate ${wrong + 1} in ${path} did not issue certificate ${wrong}, some clients will not accept it`;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function certificatesIn(content: Buffer, path: string): readonly [X509Certificate, ...X509Certificate[]] {
  const text = content.toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const [first, ...rest] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`certificate ${index + 1} in ${path} cannot be read: ${reasonOf(error)}`, { cause: error });
    }
  });
  if (first === undefined) throw new Error(`${path} has no certificate in PEM`);
  // A file that is just being written.
  if (text.split('-----BEGIN CERTIFICATE-----').length - 1 > blocks.length) throw new Error(`${path} ends within a certificate`);
  return [first, ...rest];
}

function privateKeyIn(content: Buffer, path: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(content);
  } catch (error) {
    throw new Error(`${path} has no private key in PEM that can be read: ${reasonOf(error)}`, { cause: error });
  }
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined ? other === undefined : other !== undefined && one.equals(other);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
