import { BlockList, isIPv4 } from 'node:net';

/** Where an address leads: into the open network, or to something that nobody outside may name. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'reserved';

interface Ranges {
  readonly kind: AddressKind;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

/**
 * What is not public, after IANA's registries of special-purpose addresses and the clouds' documentation. The first that holds
 * an address counts. https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
 */
const ranges: readonly Ranges[] = [
  {
    kind: 'metadata',
    ipv4: [
      '169.254.169.0/24', // AWS, Azure, Google, Oracle, IBM, DigitalOcean, OpenStack
      '169.254.170.0/24', // credentials of containers on AWS
      '169.254.42.42/32', // Scaleway
      '169.254.0.23/32', // Tencent
      '168.63.129.16/32', // Azure, amid public addresses
      '100.100.100.200/32', // Alibaba
      '192.0.0.192/32', // Oracle's older one
    ],
    ipv6: [
      'fd00:ec2::/32', // AWS
      'fd20:ce::254/128', // Google
      'fd00:c1::a9fe:a9fe/128', // Oracle
      'fd00:42::42/128', // Scaleway
      'fd00:a9fe:a9fe::/48', // Akamai
      'fe80::a9fe:a9fe/128', // OpenStack
    ],
  },
  { kind: 'loopback', ipv4: ['127.0.0.0/8'], ipv6: ['::1/128'] },
  { kind: 'link-local', ipv4: ['169.254.0.0/16'], ipv6: ['fe80::/10'] },
  {
    kind: 'private',
    ipv4: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
    ipv6: ['fc00::/7'],
  },
  {
    kind: 'reserved',
    ipv4: [
      '0.0.0.0/8', // this network
      '192.0.0.0/24', // protocol assignments
      '192.0.2.0/24', // documentation
      '192.31.196.0/24', // AS112
      '192.52.193.0/24', // multicast relays
      '192.88.99.0/24', // 6to4 relays
      '192.175.48.0/24', // AS112
      '198.18.0.0/15', // benchmarks
      '198.51.100.0/24', // documentation
      '203.0.113.0/24', // documentation
      '224.0.0.0/4', // multicast
      '240.0.0.0/4', // reserved, and broadcast
    ],
    // Inside 2000::/3; everything outside it is reserved too.
    ipv6: [
      '2001::/23', // Teredo, benchmarks, ORCHID and other protocols
      '2001:db8::/32', // documentation
      '2002::/16', // 6to4
      '2620:4f:8000::/48', // AS112
      '3ffe::/16', // the former test network
      '3fff::/20', // documentation
    ],
  },
];

// Apart by family: one list would match an IPv4 range against IPv4 addresses mapped into IPv6, too.
const lists = ranges.map(({ kind, ipv4, ipv6 }) => ({ kind, ipv4: listOf(ipv4), ipv6: listOf(ipv6) }));
const globalUnicast = listOf(['2000::/3']);
const translated = listOf(['64:ff9b::/96']);

/**
 * Where an address leads.
 *
 * @param address IPv4 with four decimal parts, or IPv6 in any of its forms, without a zone
 */
export function addressKind(address: string): AddressKind {
  if (isIPv4(address)) return lists.find(({ ipv4 }) => ipv4.check(address, 'ipv4'))?.kind ?? 'public';
  const kind = lists.find(({ ipv6 }) => ipv6.check(address, 'ipv6'))?.kind;
  if (kind !== undefined) return kind;
  return globalUnicast.check(address, 'ipv6') && !isIsatap(groupsOf(address)) ? 'public' : 'reserved';
}

/** The address that is reached: networks without IPv4 reach it through addresses of IPv6 that end in it. */
export function reachedAddress(address: string): string {
  return !isIPv4(address) && translated.check(address, 'ipv6') ? lastAsIpv4(groupsOf(address)) : address;
}

/** A list of ranges, each an address and the length of its prefix. */
export function listOf(prefixes: readonly string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = '', bits] = prefix.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** An IPv4 address in an IPv6 interface's identifier, tunnelled: `0:5efe` or `200:5efe` before it. */
function isIsatap(groups: readonly number[]): boolean {
  return (groups[4] === 0 || groups[4] === 0x200) && groups[5] === 0x5efe;
}

function lastAsIpv4(groups: readonly number[]): string {
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes an IPv4 ending as two groups.
  const [first = [], last = []] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').map(toGroups);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

function toGroups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}
