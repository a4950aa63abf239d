import { createHash, createHmac } from 'node:crypto';

/** The parts of a request that an access key signs. */
export interface SignedParts {
  method: string;
  /** Path and query as they travel: percent-encoded. */
  target: string;
  /** The value of x-ms-date or date. */
  date: string;
  /** The Host header: with the port, unless it is the scheme's own. */
  host: string;
  /** Base64 of the body's SHA-256. */
  contentHash: string;
}

export function stringToSign({ method, target, date, host, contentHash }: SignedParts): string {
  return `${method}\n${target}\n${date};${host};${contentHash}`;
}

export function sign(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

const EMPTY_BODY_HASH = createHash('sha256').digest('base64');

export function contentHashOf(body: Buffer): string {
  return body.length === 0 ? EMPTY_BODY_HASH : createHash('sha256').update(body).digest('base64');
}
