import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { onTestFinished } from 'vitest';
import type { Pair } from '../../__fixtures__/certificates.ts';

/** A server on a free port of this machine, until the test ends. */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What a test's site was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The name that TLS was asked for. */
  readonly servername: unknown;
}

/** A site that answers, and remembers what it was asked. */
export async function site(
  answer: (asked: Asked, response: ServerResponse) => void,
  pair?: Pair,
): Promise<{ readonly port: number; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    const parts: string[] = [];
    request.on('data', (part) => parts.push(String(part)));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const servername = 'servername' in request.socket ? request.socket.servername : undefined;
      const one = { method, url, headers, body: parts.join(''), servername };
      asked.push(one);
      answer(one, response);
    });
  };
  return { port: await listening(pair === undefined ? createServer(listener) : createTlsServer(pair, listener)), asked };
}

/** A site that does with each connection what it likes; gives the port. */
export async function rawSite(talk: (socket: Socket) => void): Promise<number> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      talk(socket);
    }),
  );
}

/** One that answers the first bytes that come with these, and hangs up. */
export async function answering(text: string | Uint8Array): Promise<number> {
  return rawSite((socket) => {
    socket.once('data', () => socket.end(text));
  });
}

/** What a test's proxy was asked to connect to, and as whom. */
export interface Tunnelled {
  readonly authority: string;
  readonly host: string | undefined;
  readonly credentials: string | undefined;
}

/** A proxy that connects to this port of this machine whatever it is asked for, or only answers with a status. */
export async function proxy(
  target: number | string,
  pair?: Pair,
): Promise<{ readonly port: number; readonly tunnelled: Tunnelled[]; readonly asked: string[] }> {
  const tunnelled: Tunnelled[] = [];
  const asked: string[] = [];
  const server = pair === undefined ? createServer() : createTlsServer(pair);
  server.on('request', ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    asked.push(url);
    response.writeHead(400).end();
  });
  server.on('connect', ({ url = '', headers }: IncomingMessage, socket: Socket) => {
    tunnelled.push({ authority: url, host: headers.host, credentials: headers['proxy-authorization'] });
    socket.on('error', () => {});
    if (typeof target === 'string') {
      socket.end(`HTTP/1.1 ${target}\r\n\r\n`);
      return;
    }
    const behind = connect({ host: '127.0.0.1', port: target }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(behind).pipe(socket);
    });
    behind.on('error', () => socket.destroy());
  });
  return { port: await listening(server), tunnelled, asked };
}
