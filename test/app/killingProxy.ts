import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that went through, as far as it went. */
export interface Passed {
  method: string;
  /** Percent-decoded. */
  path: string;
  wasForwarded: boolean;
  /** What the service answered, whether the caller got it or not. */
  status?: number;
  answer?: string;
}

/** Where a caller is to be killed: before a request is passed on, or when it was answered and the caller doesn't know yet. */
export interface Boundary {
  /** Counted over all proxies that share these boundaries. */
  request: number;
  side: 'before' | 'after';
}

/** What several proxies share: requests in the order they came, and where to kill. */
export class Boundaries {
  passed: Passed[] = [];
  private armed: Boundary | undefined;
  private kill: () => void = () => undefined;

  arm(boundary: Boundary | undefined, kill: () => void): void {
    this.passed = [];
    this.armed = boundary;
    this.kill = kill;
  }

  /** Does the caller die here? */
  isHere(request: number, side: Boundary['side']): boolean {
    if (this.armed?.request !== request || this.armed.side !== side) return false;
    this.armed = undefined;
    this.kill();
    return true;
  }
}

/**
 * A proxy in front of a service on this machine. Host stays as it is sent, because signatures hold it. `dateAheadMs`: how far the `Date` of answers is
 * set forward.
 */
export async function startKillingProxy(
  targetPort: number,
  boundaries: Boundaries,
  dateAheadMs: () => number = () => 0,
): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    const index = boundaries.passed.length;
    const passed: Passed = {
      method: request.method ?? '',
      path: decodeURIComponent(request.url ?? ''),
      wasForwarded: false,
    };
    boundaries.passed.push(passed);
    void (async () => {
      const body = await read(request);
      if (boundaries.isHere(index, 'before')) return;
      passed.wasForwarded = true;
      const { url: path, method, headers } = request;
      const call = forward({ host: '127.0.0.1', port: targetPort, path, method, headers, agent: false }, (answer) => {
        void read(answer).then((bytes) => {
          passed.status = answer.statusCode ?? 0;
          passed.answer = bytes.toString('utf8');
          if (boundaries.isHere(index, 'after')) return;
          const answerHeaders = { ...answer.headers };
          delete answerHeaders['transfer-encoding'];
          answerHeaders.date = new Date(Date.now() + dateAheadMs()).toUTCString();
          response.writeHead(passed.status, answerHeaders);
          response.end(bytes);
        });
      });
      call.on('error', () => response.destroy());
      call.end(body);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, server };
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
