import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendResponse } from './httpResponse';

/** Kestrel, the server of the real host, has 130 s. With Node's 5 s, clients that pool connections would find them closed. */
const KEEP_ALIVE_MS = 130_000;
/** All headers of a request, as Kestrel (`MaxRequestHeadersTotalSize`). Node's own limit is half of it. */
const HEADER_BYTES = 32 * 1024;

/** The connections of the host: who connects, what is still to be answered, and how it all ends. */
export class HttpServer {
  private readonly server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: HEADER_BYTES });
  private readonly openResponses = new Set<ServerResponse>();

  /** @param answer if it rejects, the answer is 500 */
  constructor(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    this.server.on('request', (request, response) => {
      this.openResponses.add(response);
      response.once('close', () => this.openResponses.delete(response));
      // A connection that was open when the host began to stop is treated like a new one.
      if (!this.server.listening) return void request.socket.destroy();
      answer(request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else sendResponse(response, 500);
      });
    });
  }

  get isListening(): boolean {
    return this.server.listening;
  }

  /** Answers that are not sent yet. */
  get openCount(): number {
    return this.openResponses.size;
  }

  /** @param port of 127.0.0.1; 0 = any free one. @returns the real port */
  async listen(port: number): Promise<number> {
    await once(this.server.listen(port, '127.0.0.1'), 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Like Kestrel: closes the port and idle connections now, other connections after their answer. */
  close(): void {
    this.server.close();
    for (const response of this.openResponses) response.shouldKeepAlive = false;
  }

  closeAllConnections(): void {
    this.server.closeAllConnections();
  }
}
