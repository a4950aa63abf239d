import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOrigin } from './address';

/** What a page may read of an answer, besides the few headers that it always may. */
const EXPOSED = 'api-supported-versions, date, ms-cv, retry-after, x-emulator-denied-because, x-ms-client-request-id';

/**
 * Adds the headers that let a page of one of the origins read the answer.
 * @returns whether this was the browser's question for permission (preflight), which is answered then
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  response.setHeader('Vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  const wanted = request.headers['access-control-request-headers'];
  if (wanted !== undefined) response.setHeader('Access-Control-Allow-Headers', wanted);
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader('Access-Control-Max-Age', '600');
  response.writeHead(204).end();
  return true;
}

/** Why a browser asks in vain whether a page may call, and the option that allows it; undefined for any other call. */
export function pageError({ method, headers }: IncomingMessage, origins: readonly string[]): string | undefined {
  const { origin } = headers;
  const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
  if (!isPreflight || origin === undefined || origins.includes(origin)) return undefined;
  return isOrigin(origin)
    ? `web pages of ${origin} are not allowed: start the emulator with --cors ${origin} (corsOrigins in the factory)`
    : 'a page without an origin of http or https (a file, for example) cannot be allowed: serve it over http';
}
