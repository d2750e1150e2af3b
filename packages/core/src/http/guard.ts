import { isIP } from 'node:net';
import { addressKind, reachedAddress } from './address.ts';
import { refused } from './fault.ts';
import { HostRules, isName, isPort, withoutDot, type Host } from './rules.ts';

/** What an operator lets tasks name in URLs. */
export interface FetchPolicy {
  /**
   * Hosts that may be fetched from although their address is private or `denyHosts` has them: `example.com`,
   * `*.example.com`, `10.0.0.0/8`, each also with a port. Link-local and reserved addresses must be listed themselves, those
   * of a cloud's metadata one by one. Default: none.
   */
  readonly allowHosts?: readonly string[] | undefined;
  /** Hosts that may not be fetched from, in the same forms; `*` leaves only `allowHosts`. Default: none. */
  readonly denyHosts?: readonly string[] | undefined;
  /** The ports that URLs may name. Default: 80 and 443. */
  readonly allowPorts?: readonly number[] | undefined;
  /** Whether `http` URLs are refused. Default: false. */
  readonly httpsOnly?: boolean | undefined;
}

/** Names that lead into somebody's own network, whatever addresses they have. */
const internalName = /^[^.]+$|\.(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|svc|home\.arpa)$/;
const denied = 'the host is not allowed on this server (settings denyHosts, allowHosts)';
const publicOnly = 'this server fetches from public addresses only; an operator may list the host in the setting allowHosts';

/** Decides which URLs may be fetched. Nothing here asks the network. */
export class Guard {
  readonly #allow: HostRules;
  readonly #deny: HostRules;
  readonly #ports: ReadonlySet<number>;
  readonly #isHttpsOnly: boolean;

  /** @throws Error what is wrong with the policy, with the setting's name */
  constructor({ allowHosts = [], denyHosts = [], allowPorts = [80, 443], httpsOnly = false }: FetchPolicy) {
    const wrong = allowPorts.find((port) => !isPort(port));
    if (wrong !== undefined) throw new Error(`allowPorts: ${wrong}: expected a port: 1 to 65535`);
    this.#ports = new Set(allowPorts);
    this.#allow = new HostRules('allowHosts', { entries: allowHosts, ports: this.#ports });
    this.#deny = new HostRules('denyHosts', { entries: denyHosts });
    this.#isHttpsOnly = httpsOnly;
  }

  /**
   * Reads a URL, or the one that an answer from `base` redirects to.
   *
   * @throws FetchFault without the URL's text, which may hold secrets
   */
  url(text: string, base?: URL): URL {
    const subject = base === undefined ? 'the URL' : 'it redirects to a URL that';
    // The parser would drop or turn them, and other readers of the text would see another host.
    if (/[\p{Cc}\\]/u.test(text) || !URL.canParse(text, base?.href)) throw refused(`${subject} is not valid`);
    const url = new URL(text, base?.href);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(`${subject} is neither http nor https`);
    if (url.username !== '' || url.password !== '') throw refused(`${subject} holds a user or a password: give them in a header`);
    const { name } = hostOf(url);
    if (isIP(name) === 0 && !isName(name)) throw refused(`${subject} names no valid host`);
    if (base?.protocol === 'https:' && url.protocol === 'http:') throw refused('it redirects from https to http');
    if (this.#isHttpsOnly && url.protocol === 'http:') throw refused(`${subject} is not https (setting httpsOnly)`);
    url.hash = '';
    return url;
  }

  /** Whether an operator allowed the host by its name. */
  lists(url: URL): boolean {
    return this.#allow.hasName(hostOf(url));
  }

  /** Checks what can be told without its addresses. @throws FetchFault */
  checkHost(url: URL): void {
    const host = hostOf(url);
    const reason = this.#refusal(host);
    // Its address may still be one that is allowed.
    if (reason !== undefined && !this.#allow.hasAddresses(host.port)) throw refused(reason);
  }

  /** Checks all addresses of a host: one that is not allowed is enough to refuse it. @throws FetchFault */
  checkAddresses(url: URL, addresses: readonly string[]): void {
    const host = hostOf(url);
    const isListed = this.#allow.hasName(host);
    for (const resolved of addresses) {
      // A zone makes an address one of a single link.
      if (isIP(resolved) === 0 || resolved.includes('%')) throw refused('it has an address that is not valid here');
      const address = reachedAddress(resolved);
      const kind = addressKind(address);
      if (this.#allow.hasAddress(address, host.port, kind === 'metadata')) continue;
      const reason = this.#refusal(host) ?? (!isListed && this.#deny.hasAddress(address, host.port) ? denied : undefined);
      if (reason !== undefined) throw refused(reason);
      if (kind === 'public' || (isListed && (kind === 'private' || kind === 'loopback'))) continue;
      throw refused(`it has a ${kind} address: ${isListed ? 'such an address must itself be in the setting allowHosts' : publicOnly}`);
    }
  }

  #refusal(host: Host): string | undefined {
    if (this.#allow.hasName(host)) return undefined;
    if (this.#deny.hasName(host)) return denied;
    if (!this.#ports.has(host.port))
      return `port ${host.port} is not allowed: an operator may list it in the setting allowPorts, or the host with it in allowHosts`;
    if (isIP(host.name) === 0 && internalName.test(host.name)) return `its name is one of a private network: ${publicOnly}`;
    return undefined;
  }
}

/** The host of an http or https URL. */
export function hostOf(url: URL): Host {
  const name = withoutDot(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  return { name, port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) };
}
