import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostPart } from './hostSettings';

/** Which origins Host.CORS of local.settings.json lists; `*` lists all. */
function listedOrigins({ CORS = '' }: HostPart) {
  const origins = CORS.split(',').map((origin) => origin.trim().replace(/\/$/, '').toLowerCase());
  const isAny = origins.includes('*');
  return { isAny, includes: (origin: string) => isAny || (origin !== '' && origins.includes(origin.toLowerCase())) };
}

export function isListedOrigin(settings: HostPart, origin: string): boolean {
  return listedOrigins(settings).includes(origin);
}

/**
 * Sets the CORS headers for a listed origin.
 * @returns whether the request is a preflight request, which gets no other answer
 */
export function applyCors(settings: HostPart, request: IncomingMessage, response: ServerResponse): boolean {
  const { origin = '', ...headers } = request.headers;
  const requestedMethod = headers['access-control-request-method'];
  const listed = listedOrigins(settings);
  if (origin && listed.includes(origin)) {
    const granted = {
      // With credentials, browsers accept no `*`.
      'Access-Control-Allow-Origin': listed.isAny && !settings.CORSCredentials ? '*' : origin,
      'Access-Control-Allow-Credentials': settings.CORSCredentials ? 'true' : undefined,
      'Access-Control-Allow-Methods': requestedMethod,
      'Access-Control-Allow-Headers': headers['access-control-request-headers'],
      Vary: 'Origin',
    };
    for (const [name, value] of Object.entries(granted)) if (value) response.setHeader(name, value);
  }
  return Boolean(settings.CORS && origin && requestedMethod && request.method === 'OPTIONS');
}
