import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Certificate } from './certificate';
import { watchForDistrust } from './certificateTrust';

export type Server = HttpServer | HttpsServer;

/** Longer than clients keep idle connections, so that none is closed while a request is on its way. */
const KEEP_ALIVE_MS = 120_000;
const TLS_HANDSHAKE = 0x16;
const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const HEADERS_TOO_LARGE = MALFORMED.replace('400 Bad Request', '431 Request Header Fields Too Large');

export function makeHttpServer(listener: RequestListener, log: (line: string) => void): HttpServer {
  return configure(createHttpServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener), 'http', log);
}

export function makeHttpsServer(
  listener: RequestListener,
  certificate: Certificate,
  log: (line: string) => void,
): HttpsServer {
  const { cert, key, file } = certificate;
  const server = createHttpsServer({ cert, key, keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_SSL_HTTP_REQUEST') log('identity emulator: a plain http request reached the https port');
    socket.destroy();
  });
  watchForDistrust(server, file, log);
  return configure(server, 'https', log);
}

function configure<T extends Server>(server: T, transport: 'http' | 'https', log: (line: string) => void): T {
  const plain: HttpServer = server;
  plain.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    if (transport === 'http' && error.rawPacket?.[0] === TLS_HANDSHAKE) {
      log('identity emulator: a TLS handshake reached the http port: the client has an https endpoint, this is http');
      socket.destroy();
    } else if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
    } else {
      socket.end(error.code === 'HPE_HEADER_OVERFLOW' ? HEADERS_TOO_LARGE : MALFORMED);
    }
  });
  return server;
}

/** Counts a server's connections, and ends them. */
export class SocketCount {
  private readonly sockets = new Set<Socket>();
  private opened = 0;

  watch(server: Server): void {
    const plain: HttpServer = server;
    plain.on('connection', (socket: Socket) => {
      this.opened += 1;
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  count(): { opened: number; open: number } {
    return { opened: this.opened, open: this.sockets.size };
  }

  /** Resolves when all are gone. */
  async destroyAll(): Promise<void> {
    const gone = [...this.sockets].map(
      (socket) =>
        new Promise((done) => {
          socket.once('close', done);
          socket.destroy();
        }),
    );
    await Promise.all(gone);
  }
}

/**
 * Resolves to the port.
 * @throws the system's Error, with `code` EADDRINUSE and the `port` when it is taken
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

export function stopListening(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
  });
}
