import type { IncomingMessage } from 'node:http';
import { requestTooLarge, unsupportedMediaType } from '../serviceErrors';

/** The service's own limit is not known; no request of its API comes near this one. */
export const BODY_LIMIT_BYTES = 1024 * 1024;
/** What is read and thrown away, so that a client which sends before it listens gets the answer. */
const DISCARD_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES;

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {}

const EMPTY = Buffer.alloc(0);

/**
 * The whole body, chunked or not.
 * @throws ServiceError 413 above {@link BODY_LIMIT_BYTES}
 */
export function readBody(request: IncomingMessage): Promise<Buffer> | Buffer {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || Number(length) === 0)) return EMPTY;
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(length) > DISCARD_LIMIT_BYTES) {
      fail(requestTooLarge());
      return;
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size > DISCARD_LIMIT_BYTES) fail(requestTooLarge());
    });
    request.on('end', () => {
      if (size > BODY_LIMIT_BYTES) fail(requestTooLarge());
      else done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', () => fail(new ClientGone()));
    request.on('close', () => {
      if (!request.complete) fail(new ClientGone());
    });
  });
}

/** What ASP.NET's JSON formatter reads. */
const JSON_TYPE = /^(application\/json|text\/json|application\/[\w!#$&^.+-]+\+json)\s*(;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;

/**
 * Checks the content type of a body that will be read; without a body it does not matter (the SDK names one all the same).
 * @throws ServiceError 415
 */
export function checkContentType(contentType: string | undefined, body: Buffer): void {
  if (body.length === 0) return;
  const [, charset = 'utf-8'] = CHARSET.exec(contentType ?? '') ?? [];
  if (!JSON_TYPE.test(contentType ?? '') || !/^(utf-?8|us-ascii)$/i.test(charset)) throw unsupportedMediaType();
}
