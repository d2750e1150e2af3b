import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { readIdentity, validity, type Identity, type TlsFiles } from './certificates.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What following certificates needs of the server. */
export interface TlsOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How often the files are looked at, in milliseconds. Default 10 s. */
  readonly lookEveryMs?: number;
}

/**
 * Credentials that follow their files: a new certificate counts for new connections, and those that are open stay. Files that
 * do not belong together, or cannot be used, change nothing: what was good last stays until they are good again. So a
 * certificate may be replaced before its key, and both by the swap of a symbolic link. Must be {@link close}d.
 *
 * grpc-js has a watcher of files too, but it takes whatever they hold, and then refuses every connection.
 */
export class FileCredentials extends ServerCredentials {
  readonly #files: TlsFiles;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #lookEveryMs: number;
  #identity: Identity;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(files: TlsFiles, identity: Identity, { logger, metrics, lookEveryMs = 10_000 }: TlsOptions) {
    super({ requestCert: identity.ca !== undefined, rejectUnauthorized: true }, toContext(identity));
    this.#files = files;
    this.#identity = identity;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#lookEveryMs = lookEveryMs;
    this.#announce('TLS certificate loaded');
    this.#complain(validity(identity.certificate, files.cert));
    this.#wait();
  }

  /** @throws Error that names the file and what is wrong with it */
  static async open(files: TlsFiles, options: TlsOptions): Promise<FileCredentials> {
    return new FileCredentials(files, await readIdentity(files), options);
  }

  /** Ends looking at the files. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** For grpc-js, which asks it when an address is bound twice. */
  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  #wait(): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), this.#lookEveryMs).unref();
  }

  async #look(): Promise<void> {
    try {
      const identity = await readIdentity(this.#files, this.#identity);
      if (identity !== this.#identity && !this.#isClosed) {
        this.#identity = identity;
        this.updateSecureContextOptions(toContext(identity));
        this.#announce('TLS certificate replaced');
      }
      this.#complain(validity(identity.certificate, this.#files.cert));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#complain(`TLS certificate not replaced, the one before stays: ${reason}`);
    }
    this.#wait();
  }

  #announce(event: string): void {
    const { certificate, disorder } = this.#identity;
    const { subject, subjectAltName: names, validTo } = certificate;
    const expires = new Date(validTo);
    this.#logger.info({ subject, names, expires }, event);
    if (disorder !== undefined) this.#logger.warn({}, disorder);
    this.#metrics.certificateExpires(expires);
  }

  /** One warning for each problem, however often it is met. */
  #complain(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) this.#logger.warn({}, problem);
    this.#problem = problem;
  }
}

function toContext({ cert, key, ca }: Identity): SecureContextOptions {
  return { cert, key, ...(ca === undefined ? {} : { ca }) };
}
