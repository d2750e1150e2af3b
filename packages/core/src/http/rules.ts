import { isIP, isIPv4, isIPv6, type BlockList } from 'node:net';
import { listOf } from './address.ts';

/** What a URL leads to, as far as rules ask for it. */
export interface Host {
  /** In lower case and ASCII, without a dot at the end; an IPv6 address without brackets. */
  readonly name: string;
  readonly port: number;
}

interface Rule {
  /** A host, `*.` and what names end in, or `*`; absent: the rule is about addresses. */
  readonly name?: string;
  readonly addresses?: BlockList;
  /** Whether it is about one address only. */
  readonly isExact?: boolean;
  readonly port: number | undefined;
}

const expected =
  'expected a host (example.com), all hosts below one (*.example.com), an address or range (10.1.2.3, 10.0.0.0/8, fd00::/8), ' +
  'or any host (*); with a port if it is about that port only (example.com:8443, [fd00::1]:8443)';

/** Hosts and addresses that an operator names. */
export class HostRules {
  readonly #rules: readonly Rule[];
  readonly #ports: ReadonlySet<number> | undefined;

  /**
   * @param ports those that a rule without a port is about; absent: all
   * @throws Error what is wrong with an entry, with the setting's name
   */
  constructor(setting: string, { entries, ports }: { readonly entries: readonly string[]; readonly ports?: ReadonlySet<number> }) {
    this.#ports = ports;
    this.#rules = entries.map((entry) => {
      const rule = toRule(entry.trim());
      if (rule === undefined) throw new Error(`${setting}: ${JSON.stringify(entry)}: ${expected}`);
      return rule;
    });
  }

  /** Whether a rule names the host. */
  hasName({ name, port }: Host): boolean {
    return this.#rules.some((rule) => this.#isForPort(rule, port) && rule.name !== undefined && isNamed(rule.name, name));
  }

  /** Whether a rule names the address, or a range that it is in unless `exact`. */
  hasAddress(address: string, port: number, exact = false): boolean {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    return this.#rules.some(
      (rule) => this.#isForPort(rule, port) && (rule.isExact === true || !exact) && rule.addresses?.check(address, family) === true,
    );
  }

  /** Whether any rule names addresses, for this port. */
  hasAddresses(port: number): boolean {
    return this.#rules.some((rule) => this.#isForPort(rule, port) && rule.addresses !== undefined);
  }

  #isForPort(rule: Rule, port: number): boolean {
    return rule.port === undefined ? (this.#ports?.has(port) ?? true) : rule.port === port;
  }
}

function isNamed(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1)));
}

function toRule(entry: string): Rule | undefined {
  const { host = '', port } = (isIPv6(entry.split('/', 1)[0] ?? '') ? undefined : /^(?<host>\[.+\]|[^:]+)(?::(?<port>\d+))?$/.exec(entry))
    ?.groups ?? { host: entry };
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && !isPort(number)) return undefined;
  const range = toRange(/^\[.*\]$/.test(host) ? host.slice(1, -1) : host);
  if (range !== undefined) return { ...range, port: number };
  if (host === '*') return { name: host, port: number };
  const name = toName(host.replace(/^\*\./, ''));
  return name === undefined ? undefined : { name: host.startsWith('*.') ? `*.${name}` : name, port: number };
}

/** An address, or a range of them. */
function toRange(text: string): Pick<Rule, 'addresses' | 'isExact'> | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : undefined;
  const length = bits === undefined ? longest : /^\d+$/.test(bits) ? Number(bits) : undefined;
  if (longest === undefined || length === undefined || length > longest || more.length > 0) return undefined;
  return { addresses: listOf([`${address}/${length}`]), isExact: length === longest };
}

/** A name as URLs have it, if it can be one. */
function toName(text: string): string | undefined {
  const url = URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined;
  if (url === undefined || !/^[^/?#@\\\s]+$/.test(text)) return undefined;
  const name = withoutDot(url.hostname);
  return isIP(name) === 0 && isName(name) ? name : undefined;
}

/** Whether a port can be connected to. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

/** Whether a name in lower case can be one of DNS; an underscore is common, though no host's. */
export function isName(name: string): boolean {
  return name.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name);
}

/** A name without the dot that says it is complete. */
export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
