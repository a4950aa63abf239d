import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { IdentityEmulator } from '../src';

/** What is signed, where it is to differ from what is sent. */
export interface SignedInstead {
  method?: string;
  target?: string;
  date?: string;
  host?: string;
  contentHash?: string;
  layout?: (text: string) => string;
  /** The bytes that sign. */
  key?: Buffer;
  encoding?: 'base64' | 'hex';
}

export interface CallToSend {
  method?: string;
  /** With query; `?api-version=2023-10-01` is added when there is none. */
  path: string;
  /** An object is sent as JSON. */
  body?: string | Buffer | object;
  headers?: Record<string, string>;
  host?: string;
  date?: Date;
  sign?: SignedInstead | false;
  /** Trusts this certificate, and goes to the https endpoint. */
  ca?: string;
  chunked?: boolean;
}

export interface ReceivedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  headerNames: string[];
  text: string;
  /** The body as JSON; undefined when it is empty. */
  json: Record<string, unknown> | undefined;
}

export const LATEST_OF_SDK = '2023-10-01';

/** Sends one call, signed by code of its own, on a connection of its own. */
export function send(emulator: IdentityEmulator, call: CallToSend): Promise<ReceivedAnswer> {
  const { method = 'POST', ca } = call;
  const target = call.path.includes('?') ? call.path : `${call.path}?api-version=${LATEST_OF_SDK}`;
  const body = bytesOf(call.body);
  const port = ca === undefined ? emulator.port : emulator.httpsPort;
  const host = call.host ?? `127.0.0.1:${port}`;
  const headers: Record<string, string | number> = {
    Host: host,
    ...(call.sign === false ? {} : signatureHeaders(emulator, call, { method, target, body, host })),
    ...(typeof call.body === 'object' && !Buffer.isBuffer(call.body) ? { 'Content-Type': 'application/json' } : {}),
    ...(body.length > 0 && call.chunked !== true ? { 'Content-Length': body.length } : {}),
    ...call.headers,
  };
  return new Promise((done, fail) => {
    const options = { host: '127.0.0.1', port, method, path: target, headers, agent: false, ...(ca ? { ca } : {}) };
    const request = (ca === undefined ? httpRequest : httpsRequest)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const json = isJson(response.headers) ? (JSON.parse(text) as Record<string, unknown>) : undefined;
        const headerNames = response.rawHeaders.filter((_, i) => i % 2 === 0);
        done({ status: response.statusCode ?? 0, headers: response.headers, headerNames, text, json });
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

const isJson = (headers: IncomingHttpHeaders): boolean => /json/.test(headers['content-type'] ?? '');

function bytesOf(body: CallToSend['body']): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function signatureHeaders(
  emulator: IdentityEmulator,
  call: CallToSend,
  sent: { method: string; target: string; body: Buffer; host: string },
): Record<string, string> {
  const instead: SignedInstead = call.sign === undefined || call.sign === false ? {} : call.sign;
  const date = (call.date ?? new Date()).toUTCString();
  const hash = createHash('sha256').update(sent.body).digest('base64');
  const { method = sent.method, target = sent.target, host = sent.host, contentHash = hash } = instead;
  const text = `${method}\n${target}\n${instead.date ?? date};${host};${contentHash}`;
  const key = instead.key ?? Buffer.from(emulator.accessKey, 'base64');
  const signature = createHmac('sha256', key)
    .update(instead.layout?.(text) ?? text)
    .digest(instead.encoding ?? 'base64');
  return {
    'x-ms-date': date,
    'x-ms-content-sha256': hash,
    Authorization: `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
  };
}

/** A new user's id. */
export async function newUser(emulator: IdentityEmulator): Promise<string> {
  const { json } = await send(emulator, { path: '/identities' });
  return (json as { identity: { id: string } }).identity.id;
}

export const issuePath = (userId: string): string => `/identities/${encodeURIComponent(userId)}/:issueAccessToken`;
export const revokePath = (userId: string): string => `/identities/${encodeURIComponent(userId)}/:revokeAccessTokens`;
export const deletePath = (userId: string): string => `/identities/${encodeURIComponent(userId)}`;

/** Issues a token to a user. */
export async function newToken(
  emulator: IdentityEmulator,
  userId: string,
  body: object = { scopes: ['chat'] },
): Promise<string> {
  const { json } = await send(emulator, { path: issuePath(userId), body });
  return (json as { token: string }).token;
}

/** The status of GET /chat/threads with this token, and why it was refused. */
export async function chatWith(emulator: IdentityEmulator, token: string): Promise<{ status: number; why: unknown }> {
  const { status, headers } = await send(emulator, {
    method: 'GET',
    path: '/chat/threads?api-version=2023-11-07',
    sign: false,
    headers: { Authorization: `Bearer ${token}` },
  });
  return { status, why: headers['x-emulator-denied-because'] };
}

export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

/** A JWT whose signature is no signature. */
export function unsignedJwt(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.c2lnbmF0dXJl`;
}
