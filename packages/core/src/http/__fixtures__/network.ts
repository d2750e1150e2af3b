import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Network } from '../connect.ts';

/** Where names are, and a port of this machine behind every address of the world. */
export interface World {
  readonly names?: Readonly<Record<string, readonly string[] | (() => readonly string[])>>;
  readonly port: number;
  /** A proxy for every URL. */
  readonly proxy?: string;
  readonly ca?: string;
}

/** The network of tests: counts what is asked of it, and never leaves this machine. */
export class TestNetwork implements Network {
  /** The names that were resolved. */
  readonly resolved: string[] = [];
  /** The addresses, or the names if nobody told addresses, that were connected to, with the port. */
  readonly connected: string[] = [];
  readonly ca?: string;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    if (world.ca !== undefined) this.ca = world.ca;
  }

  async resolve(name: string): Promise<readonly string[]> {
    this.resolved.push(name);
    const found = this.#world.names?.[name];
    if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    return typeof found === 'function' ? found() : found;
  }

  connect({ host = '', port, lookup }: TcpNetConnectOpts): Socket {
    if (isIP(host) !== 0 || lookup === undefined) this.connected.push(`${host} ${port}`);
    else {
      lookup(host, { all: true }, (_error, addresses) => {
        this.connected.push(...[addresses].flat().map((each) => `${typeof each === 'string' ? each : each.address} ${port}`));
      });
    }
    return connect({ host: '127.0.0.1', port: this.#world.port });
  }

  proxyFor(): string {
    return this.#world.proxy ?? '';
  }
}
