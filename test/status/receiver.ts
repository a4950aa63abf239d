import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** How the next requests are answered, then 204: a status, with headers, not at all, late, or the connection breaks. */
  next: (number | { status: number; headers: Record<string, string> } | 'silent' | 'reset' | { lateMs: number })[];
  close(): Promise<void>;
}

/** A local receiver of notifications, which keeps what it gets. */
export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      receiver.received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      answer(receiver.next.shift() ?? 204, request, response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    next: [],
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return receiver;
}

function answer(how: Receiver['next'][number], request: IncomingMessage, response: ServerResponse): void {
  if (how === 'silent') return;
  if (how === 'reset') return void request.socket.destroy();
  if (typeof how === 'object' && 'lateMs' in how) {
    setTimeout(() => response.writeHead(200).end(), how.lateMs);
    return;
  }
  const { status, headers } = typeof how === 'number' ? { status: how, headers: {} } : how;
  response.writeHead(status, headers).end(status >= 400 ? 'no' : undefined);
}
