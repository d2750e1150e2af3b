import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as netConnect, isIP, isIPv4, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { getProxyForUrl } from 'proxy-from-env';
import { broken, unavailable } from './fault.ts';
import { hostOf } from './guard.ts';
import { nodeHttp } from './node-http.ts';

/** What a fetch asks of the machine it runs on. */
export interface Network {
  /** All addresses of a name. */
  resolve(name: string): Promise<readonly string[]>;
  connect(options: TcpNetConnectOpts): Socket;
  /** The URL of the proxy for a URL; empty: none. */
  proxyFor(url: string): string;
  /** The certificates that are trusted, in PEM. Absent: those that Node trusts. */
  readonly ca?: string;
}

/** The real one. */
export const thisMachine: Network = {
  resolve: async (name) => (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address),
  connect: netConnect,
  proxyFor: getProxyForUrl,
};

/** Where a request goes. */
export interface Route {
  readonly url: URL;
  /** The checked addresses: no other is connected to. Absent: the proxy is to find the host by its name. */
  readonly addresses: readonly string[] | undefined;
  /** Empty: none. */
  readonly proxy: string;
}

/**
 * Opens a connection that requests can be sent on: TLS is done and the certificate checked. Nothing of a request was sent
 * when it fails.
 */
export async function openSocket(route: Route, network: Network, signal: AbortSignal): Promise<Socket> {
  const { name } = hostOf(route.url);
  const socket = route.proxy === '' ? await dialHost(route, network, signal) : await dialThroughProxy(route, network, signal);
  return route.url.protocol === 'https:' ? secure(socket, name, { network, signal }) : socket;
}

async function dialHost({ url, addresses = [] }: Route, network: Network, signal: AbortSignal): Promise<Socket> {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = found;
  if (first === undefined) throw unavailable('it has no address');
  // The name is not asked for again: it might have another address by now.
  const checked: LookupFunction = (_name, { all }, callback) =>
    all === true ? callback(null, found) : callback(null, first.address, first.family);
  const { name, port } = hostOf(url);
  return dial({ host: name, port, lookup: checked, autoSelectFamily: true }, network, signal);
}

/** The proxy connects to the checked address, not to what it would itself find for the name. */
async function dialThroughProxy({ url, addresses, proxy }: Route, network: Network, signal: AbortSignal): Promise<Socket> {
  const via = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (via?.protocol !== 'http:' && via?.protocol !== 'https:')
    throw broken('the proxy in HTTP_PROXY or HTTPS_PROXY is no http or https URL');
  const { name, port } = hostOf(via);
  const plain = await dial({ host: name, port }, network, signal).catch((error: unknown) => {
    throw unavailable(`the proxy ${via.host} cannot be reached${codeOf(error)}`);
  });
  const socket = via.protocol === 'https:' ? await secure(plain, name, { network, signal }) : plain;
  const target = hostOf(url);
  // Proxies without IPv6 are common.
  const host = addresses?.find((address) => isIPv4(address)) ?? addresses?.[0] ?? target.name;
  await tunnel(socket, { authority: `${host.includes(':') ? `[${host}]` : host}:${target.port}`, via, signal });
  return socket;
}

async function tunnel(
  socket: Socket,
  { authority, via, signal }: { readonly authority: string; readonly via: URL; readonly signal: AbortSignal },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const credentials = `${unescaped(via.username)}:${unescaped(via.password)}`;
  const request = nodeHttp.request({
    createConnection: () => socket,
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(credentials === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    signal,
  });
  request.once('connect', ({ statusCode }, _socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve(statusCode);
  });
  request.on('error', reject);
  request.end();
  const status = await promise.catch((error: unknown) => {
    throw unavailable(`the proxy ${via.host} gave no answer${codeOf(error)}`);
  });
  if (status === 200) return;
  const reason = `the proxy ${via.host} answered ${status} to CONNECT ${authority}; hosts in the setting allowHosts are asked of it by name`;
  throw status === undefined || status >= 500 ? unavailable(reason) : broken(reason);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A per cent sign that stands for itself.
    return text;
  }
}

async function dial(options: TcpNetConnectOpts, network: Network, signal: AbortSignal): Promise<Socket> {
  const socket = guarded(network.connect(options));
  return opened(socket, 'connect', signal);
}

/** The certificate is always checked, whatever the environment says. */
async function secure(
  socket: Socket,
  host: string,
  { network: { ca }, signal }: { readonly network: Network; readonly signal: AbortSignal },
): Promise<Socket> {
  const secured = guarded(
    tlsConnect({
      socket,
      host,
      // An address is checked against the certificate too, but cannot be asked for.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    }),
  );
  try {
    return await opened(secured, 'secureConnect', signal);
  } catch (error) {
    // Its type says error; what is there is the error's code.
    const refusal: unknown = secured.authorizationError;
    if (typeof refusal !== 'string') throw error;
    throw broken(`the certificate of ${host} is not accepted (${refusal})`);
  }
}

async function opened<Kind extends Socket>(socket: Kind, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Kind> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A socket whose error nobody listens to at the moment would end the process. */
function guarded<Kind extends Socket>(socket: Kind): Kind {
  return socket.on('error', () => {});
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
}
