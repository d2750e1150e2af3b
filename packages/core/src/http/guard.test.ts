import { describe, expect, test } from 'vitest';
import { FetchFault } from './fault.ts';
import { Guard, type FetchPolicy } from './guard.ts';

/** What is said to a URL whose host has these addresses; `undefined`: it may be fetched. */
function verdict(policy: FetchPolicy, text: string, addresses: readonly string[] = ['93.184.215.14']): string | undefined {
  const guard = new Guard(policy);
  try {
    const url = guard.url(text);
    guard.checkHost(url);
    guard.checkAddresses(url, addresses);
    return undefined;
  } catch (error) {
    if (error instanceof FetchFault) return error.message;
    throw error;
  }
}

const isPrivate = /has a private address/;
const isDenied = /not allowed on this server/;

describe('SW5: the host allow-list wins', () => {
  test.each<[string, string, string[]]>([
    ['wiki.example.com', 'http://wiki.example.com/', ['10.1.2.3']],
    ['WIKI.Example.com.', 'http://wiki.example.com/', ['10.1.2.3']],
    ['wiki.example.com', 'http://wiki.example.com./', ['10.1.2.3']],
    ['bücher.example', 'http://xn--bcher-kva.example/', ['10.1.2.3']],
    [' wiki.example.com ', 'https://wiki.example.com/', ['fd00::1', '10.1.2.3']],
    ['wiki.example.com', 'http://wiki.example.com/', ['127.0.0.1']],
    ['*.example.com', 'http://a.b.example.com/', ['192.168.0.1']],
    ['wiki.example.com:8443', 'https://wiki.example.com:8443/', ['10.1.2.3']],
    ['wiki.example.com:8443', 'https://wiki.example.com:8443/', ['93.184.215.14']],
    ['localhost', 'http://localhost/', ['127.0.0.1', '::1']],
    ['minio.data.svc:9000', 'http://minio.data.svc:9000/', ['10.96.0.7']],
    ['10.1.2.3', 'http://10.1.2.3/', ['10.1.2.3']],
    ['10.1.2.3', 'http://any.example.com/', ['10.1.2.3']],
    ['10.1.0.0/16', 'http://any.example.com/', ['10.1.255.255', '10.1.0.0']],
    ['10.1.0.0/16', 'http://minio.data.svc/', ['10.1.0.9']],
    ['10.1.0.0/16:9000', 'http://minio.data.svc:9000/', ['10.1.0.9']],
    ['10.1.0.0/16', 'http://nat64.example.com/', ['64:ff9b::10.1.0.1']],
    ['fd12::/16', 'http://any.example.com/', ['fd12:ffff::1']],
    ['[fd12::1]', 'http://[fd12::1]/', ['fd12::1']],
    ['[fd12::1]:8080', 'http://[fd12::1]:8080/', ['fd12::1']],
    ['[fd12::/16]:8080', 'http://[fd12::1]:8080/', ['fd12::1']],
    ['169.254.8.0/24', 'http://any.example.com/', ['169.254.8.8']],
    ['169.254.169.254', 'http://169.254.169.254/', ['169.254.169.254']],
    ['169.254.169.254/32', 'http://169.254.169.254/', ['169.254.169.254']],
    ['fd00:ec2::254', 'http://any.example.com/', ['fd00:ec2::254']],
    ['*', 'http://any.example.com/', ['10.1.2.3']],
    ['*', 'http://10.1.2.3/', ['10.1.2.3']],
  ])('%s allows %s at %j', (rule, url, addresses) => {
    expect(verdict({ allowHosts: [rule] }, url, addresses)).toBeUndefined();
    expect(verdict({ allowHosts: ['other.example.com', rule], denyHosts: ['*', '0.0.0.0/0', '::/0'] }, url, addresses)).toBeUndefined();
    expect(verdict({}, url, addresses)).toBeDefined();
  });

  test.each<[string, string, string[], RegExp]>([
    ['wiki.example.com', 'http://other.example.com/', ['10.1.2.3'], isPrivate],
    ['wiki.example.com', 'http://a.wiki.example.com/', ['10.1.2.3'], isPrivate],
    ['wiki.example.com', 'http://notwiki.example.com/', ['10.1.2.3'], isPrivate],
    ['*.example.com', 'http://example.com/', ['10.1.2.3'], isPrivate],
    ['*.example.com', 'http://notexample.com/', ['10.1.2.3'], isPrivate],
    ['*.example.com', 'http://example.com.evil.net/', ['10.1.2.3'], isPrivate],
    ['wiki.example.com:8443', 'http://wiki.example.com/', ['10.1.2.3'], isPrivate],
    ['wiki.example.com:8443', 'https://wiki.example.com:9443/', ['10.1.2.3'], /port 9443/],
    ['wiki.example.com', 'https://wiki.example.com:8443/', ['10.1.2.3'], /port 8443/],
    ['10.1.0.0/16', 'http://any.example.com/', ['10.2.0.1'], isPrivate],
    ['10.1.0.0/16', 'http://any.example.com/', ['10.1.0.1', '10.2.0.1'], isPrivate],
    ['10.1.0.0/16', 'http://minio.data.svc/', ['93.184.215.14'], /name is one of a private network/],
    ['10.1.0.0/16:9000', 'http://any.example.com/', ['10.1.0.9'], isPrivate],
    ['10.1.0.0/16', 'http://any.example.com:9000/', ['10.1.0.9'], /port 9000/],
    ['10.1.0.0/16:9000', 'http://any.example.com:9000/', ['93.184.215.14'], /port 9000/],
    ['10.1.0.0/16', 'http://[::ffff:10.1.0.9]/', ['64:ff9b::10.2.0.1'], isPrivate],
  ])('%s does not allow %s at %j', (rule, url, addresses, why) => {
    expect(verdict({ allowHosts: [rule] }, url, addresses)).toMatch(why);
  });

  test.each(['169.254.169.254', 'fd00:ec2::254', '169.254.1.1', '0.0.0.0', '::', '::ffff:127.0.0.1', '224.0.0.1', '2002:7f00:1::1'])(
    'a name that is allowed does not lead to %s',
    (address) => {
      const why = /must itself be in the setting allowHosts/;
      expect(verdict({ allowHosts: ['wiki.example.com'] }, 'http://wiki.example.com/', [address])).toMatch(why);
      expect(verdict({ allowHosts: ['*'] }, 'http://wiki.example.com/', ['10.1.2.3', address])).toMatch(why);
    },
  );

  test.each([
    ['100.64.0.0/10', '100.100.100.200'],
    ['169.254.0.0/16', '169.254.169.254'],
    ['fd00::/8', 'fd00:ec2::254'],
    ['0.0.0.0/0', '168.63.129.16'],
  ])('%s allows no metadata of a cloud', (rule, address) => {
    expect(verdict({ allowHosts: [rule] }, 'http://any.example.com/', [address])).toMatch(/has a metadata address/);
  });
});

describe('SW5: the deny-list', () => {
  test.each<[string, string, string[]]>([
    ['bad.example.com', 'http://bad.example.com/', ['93.184.215.14']],
    ['*.example.com', 'http://bad.example.com/', ['93.184.215.14']],
    ['bad.example.com', 'https://bad.example.com./', ['93.184.215.14']],
    ['bad.example.com:443', 'https://bad.example.com/', ['93.184.215.14']],
    ['93.184.215.0/24', 'http://any.example.com/', ['8.8.8.8', '93.184.215.14']],
    ['93.184.215.0/24', 'http://any.example.com/', ['64:ff9b::93.184.215.14']],
    ['2600::/16', 'http://any.example.com/', ['2600::1']],
    ['*', 'http://any.example.com/', ['93.184.215.14']],
    ['*', 'http://93.184.215.14/', ['93.184.215.14']],
  ])('%s denies %s at %j', (rule, url, addresses) => {
    expect(verdict({ denyHosts: [rule] }, url, addresses)).toMatch(isDenied);
    expect(verdict({}, url, addresses)).toBeUndefined();
  });

  test.each<[string, string]>([
    ['bad.example.com', 'http://good.example.com/'],
    ['bad.example.com:443', 'http://bad.example.com/'],
    ['8.8.8.8', 'http://any.example.com/'],
  ])('%s does not deny %s', (rule, url) => {
    expect(verdict({ denyHosts: [rule] }, url)).toBeUndefined();
  });

  test('with * leaves what is allowed, by name or by address', () => {
    const policy = { denyHosts: ['*'], allowHosts: ['good.example.com', '8.8.8.0/24'] };
    expect(verdict(policy, 'http://good.example.com/')).toBeUndefined();
    expect(verdict(policy, 'http://any.example.com/', ['8.8.8.8'])).toBeUndefined();
    expect(verdict(policy, 'http://any.example.com/')).toMatch(isDenied);
  });
});

test('SW5: only the listed ports are allowed', () => {
  expect(verdict({ allowPorts: [8080] }, 'http://any.example.com:8080/')).toBeUndefined();
  expect(verdict({ allowPorts: [8080] }, 'http://any.example.com/')).toMatch('port 80 is not allowed');
  expect(verdict({ allowPorts: [] }, 'https://any.example.com/')).toMatch('port 443 is not allowed');
  expect(verdict({ allowPorts: [8080], allowHosts: ['wiki.example.com'] }, 'http://wiki.example.com/', ['10.0.0.1'])).toMatch('port 80');
});

test('SW5: a server for https only refuses http', () => {
  expect(verdict({ httpsOnly: true }, 'https://any.example.com/')).toBeUndefined();
  expect(verdict({ httpsOnly: true, allowHosts: ['*'] }, 'http://any.example.com/')).toMatch('is not https (setting httpsOnly)');
});

describe('a wrong policy is refused with the name of the setting', () => {
  test.each([
    '',
    'http://example.com',
    'example.com/path',
    'user@example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:http',
    'ex*mple.com',
    '*.*.example.com',
    '**',
    '*example.com',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.1',
    '0x7f.0.0.1',
    '*.1',
    'fd00::/129',
    'fe80::1%eth0',
    '[fd00::1',
    '[example.com]',
    'a b',
    'a..b',
    'example.com\\',
    '\u0000',
  ])('%j', (entry) => {
    expect(() => new Guard({ allowHosts: ['example.com', entry] })).toThrow(`allowHosts: ${JSON.stringify(entry)}: expected a host (`);
    expect(() => new Guard({ denyHosts: [entry] })).toThrow(`denyHosts: ${JSON.stringify(entry)}: expected a host (`);
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])('port %d', (port) => {
    expect(() => new Guard({ allowPorts: [443, port] })).toThrow(`allowPorts: ${port}: expected a port`);
  });
});

test('SW5: a refusal says what an operator may change, and nothing of the path, the query or the password', () => {
  const secret = 'http://any.example.com:8081/services/T0/B0/XYZ?token=abc';
  expect(verdict({}, secret)).toBe(
    'port 8081 is not allowed: an operator may list it in the setting allowPorts, or the host with it in allowHosts',
  );
  expect(verdict({}, 'http://user:pass@any.example.com/')).toBe('the URL holds a user or a password: give them in a header');
});
