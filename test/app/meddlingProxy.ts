import { createServer, request as forward, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to a service. */
export interface Asked {
  method: string;
  /** Percent-decoded. */
  path: string;
  body: string;
  headers: IncomingHttpHeaders;
}

/** What is done to a request; nothing: it is passed on. */
export interface Meddling {
  /** Before it is passed on. */
  delayMs?: number;
  /** It is never answered. */
  hang?: boolean;
  /** This is answered, and the service never sees the request. */
  answer?: { status: number; headers?: Record<string, string>; body?: string };
  /** The service does its work, and the connection breaks before the answer. */
  loseAnswer?: boolean;
  /** The service does its work, and this is answered. */
  answerAfterwards?: Meddling['answer'];
  /** Called when the request was passed on, when the service has answered, and when the answer was written to the caller. */
  onPassedOn?: () => void;
  onAnswered?: (body: string) => void;
  onDelivered?: (body: string) => void;
}

export interface MeddlingProxy {
  port: number;
  /** What is done to each request; set it at any time. */
  meddle: (asked: Asked) => Meddling | undefined;
  /** How far the `Date` of answers is set forward, in milliseconds. */
  dateAheadMs: number;
  asked: Asked[];
  close(): Promise<void>;
}

/** A proxy in front of a service on this machine that goes wrong where a test wants it to. Host stays as it is sent, because signatures hold it. */
export async function startMeddlingProxy(targetPort: number): Promise<MeddlingProxy> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await read(request);
      const { method = '', url = '', headers } = request;
      const asked = { method, path: decodeURIComponent(url), body: body.toString('utf8'), headers };
      proxy.asked.push(asked);
      const meddling = proxy.meddle(asked) ?? {};
      const { delayMs = 0, hang, answer, loseAnswer, answerAfterwards } = meddling;
      if (delayMs > 0) await new Promise((done) => setTimeout(done, delayMs));
      if (hang) return;
      if (answer) {
        response.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      }
      const call = forward(
        { host: '127.0.0.1', port: targetPort, path: url, method, headers, agent: false },
        (real) => {
          void read(real).then((bytes) => {
            meddling.onAnswered?.(bytes.toString('utf8'));
            if (loseAnswer) return response.destroy();
            if (answerAfterwards) {
              const { status, headers, body: text } = answerAfterwards;
              return response.writeHead(status, headers).end(text);
            }
            const realHeaders: Record<string, string | string[] | undefined> = { ...real.headers };
            delete realHeaders['transfer-encoding'];
            if (proxy.dateAheadMs !== 0) {
              realHeaders['date'] = new Date(Date.parse(real.headers.date ?? '') + proxy.dateAheadMs).toUTCString();
            }
            response.writeHead(real.statusCode ?? 0, realHeaders);
            return response.end(bytes, () => meddling.onDelivered?.(bytes.toString('utf8')));
          });
        },
      );
      call.on('error', () => response.destroy());
      call.end(body, () => meddling.onPassedOn?.());
    })().catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const proxy: MeddlingProxy = {
    port: (server.address() as AddressInfo).port,
    meddle: () => undefined,
    dateAheadMs: 0,
    asked: [],
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return proxy;
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
