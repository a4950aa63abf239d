import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { denied } from '../serviceErrors';
import { explainSignature } from './explainSignature';
import { explainContentHash } from './explainContentHash';
import { contentHashOf, sign, stringToSign, type SignedParts } from './stringToSign';

/** Either side; what App Configuration documents for the same scheme (assumed for ACS). */
const ALLOWED_SKEW_SECONDS = 900;
const SIGNATURE_BYTES = 32;
const RFC_1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

export interface ReceivedRequest {
  method: string;
  /** Path and query as they came. */
  target: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  transport: 'http' | 'https';
}

/** A key that may sign, with what it opens. */
export interface AccessKey<Resource> {
  /** As in a connection string. */
  base64: string;
  bytes: Buffer;
  resource: Resource;
}

/**
 * Checks an access key's signature and finds its resource. A signature may come again: clients repeat a request as it was, and the service
 * takes it. Order of checks: form of the header, date, clock skew, content hash, signature (assumed: the answer is one and the same).
 * @param hosts what this server is reached as, for explaining a refusal
 * @throws ServiceError 401 Denied
 */
export function checkSignature<Resource>(
  parameters: string,
  request: ReceivedRequest,
  keys: readonly AccessKey<Resource>[],
  hosts: { http: string; https: string | undefined },
  nowMs: number,
): Resource {
  const { dateHeader, signature } = readParameters(parameters);
  const parts: SignedParts = {
    method: request.method,
    target: request.target,
    date: header(request, dateHeader),
    host: header(request, 'host'),
    contentHash: header(request, 'x-ms-content-sha256'),
  };
  checkDate(dateHeader, parts.date, nowMs);
  if (parts.contentHash !== contentHashOf(request.body)) {
    throw denied(explainContentHash(parts.contentHash, request.body));
  }
  const text = stringToSign(parts);
  for (const key of keys) {
    if (timingSafeEqual(sign(key.bytes, text), signature)) return key.resource;
  }
  throw denied(explainSignature(signature, parts, { keys, hosts, headers: request.headers }));
}

function readParameters(parameters: string): { dateHeader: 'x-ms-date' | 'date'; signature: Buffer } {
  const [, signedHeaders = '', encoded = ''] = /^SignedHeaders=([^&]*)&Signature=(.*)$/i.exec(parameters.trim()) ?? [];
  if (signedHeaders === '' || encoded === '') {
    throw denied('Authorization: not of the form "HMAC-SHA256 SignedHeaders=...&Signature=..."');
  }
  const [, dateHeader] = /^(x-ms-date|date);host;x-ms-content-sha256$/i.exec(signedHeaders) ?? [];
  if (dateHeader === undefined) {
    throw denied(
      'Authorization: SignedHeaders must be "x-ms-date;host;x-ms-content-sha256" (or date first), in this order',
    );
  }
  return {
    dateHeader: dateHeader.toLowerCase() === 'date' ? 'date' : 'x-ms-date',
    signature: readSignature(encoded),
  };
}

function readSignature(encoded: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(encoded)) throw denied('Authorization: the signature is hexadecimal, it must be base64');
  const signature = Buffer.from(encoded, 'base64');
  if (!/^[A-Za-z0-9+/]+=*$/.test(encoded) || signature.length !== SIGNATURE_BYTES) {
    throw denied('Authorization: the signature is not base64 of the 32 bytes of an HMAC-SHA256');
  }
  return signature;
}

function header({ headers }: ReceivedRequest, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') throw denied(`header ${name} is missing, though it is signed`);
  return value;
}

function checkDate(name: string, date: string, nowMs: number): void {
  const time = RFC_1123.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(time)) {
    throw denied(`date: ${name} is not of the form of RFC 1123, as in "Wed, 13 Apr 2022 18:09:12 GMT"`);
  }
  const skewSeconds = Math.round((time - nowMs) / 1000);
  if (Math.abs(skewSeconds) > ALLOWED_SKEW_SECONDS) {
    throw denied(
      `date: the client's clock is ${Math.abs(skewSeconds)} s ${skewSeconds > 0 ? 'ahead of' : 'behind'} the emulator's ` +
        `(${name}); ${ALLOWED_SKEW_SECONDS} s are allowed`,
    );
  }
}
