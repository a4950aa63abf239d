// Who may call. This host asks for no keys, and a web page of any site reaches it from a browser on this machine.
import { isLoopback } from '../../src/base/loopback';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostPart } from './hostSettings';

type Refusal = { status: 400 | 403; reason: string };
/** Which origins Host.CORS lists; `*` is all. */
function listedOrigins({ CORS = '' }: HostPart) {
  const origins = CORS.split(',').map((text) => text.trim().replace(/\/$/, '').toLowerCase());
  const isAny = origins.includes('*');
  return { isAny, includes: (origin: string) => isAny || (origin !== '' && origins.includes(origin.toLowerCase())) };
}

/**
 * Why a request is refused, or undefined if it is not. A page is one of the host itself or one whose origin Host.CORS lists.
 * The Host header must name this machine, as a page can reach 127.0.0.1 under a name of its own (DNS rebinding).
 */
export function refusalOf(request: IncomingMessage, settings: HostPart): Refusal | undefined {
  const { headers, headersDistinct, socket } = request;
  const { host = 'localhost', origin } = headers; // only HTTP/1.0 may come without one
  const isMalformed = !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`);
  if (isMalformed || (headersDistinct['host']?.length ?? 0) > 1)
    return { status: 400, reason: 'The Host header is malformed. Send it once, as name:port.' };
  if (!isLoopback(new URL(`http://${host}`).hostname)) {
    const port = socket.localPort;
    const advice = `Call http://localhost:${port} or http://127.0.0.1:${port}.`;
    return { status: 403, reason: `The Host header does not name this machine. ${advice}` };
  }
  if (origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`) return undefined;
  if (listedOrigins(settings).includes(origin)) return undefined;
  const advice = 'Add the origin to Host.CORS in local.settings.json and restart.';
  return { status: 403, reason: `The Origin header names a page that may not call this host. ${advice}` };
}

/** @returns true for a preflight request, which is answered with nothing more */
export function answerCors(settings: HostPart, { method, headers }: IncomingMessage, response: ServerResponse) {
  const { origin = '', 'access-control-request-method': wantedMethod } = headers;
  const listed = listedOrigins(settings);
  const granted = {
    'Access-Control-Allow-Origin': listed.isAny && !settings.CORSCredentials ? '*' : origin,
    'Access-Control-Allow-Credentials': settings.CORSCredentials && 'true',
    'Access-Control-Allow-Methods': wantedMethod,
    'Access-Control-Allow-Headers': headers['access-control-request-headers'],
    Vary: 'Origin',
  };
  for (const [name, value] of origin && listed.includes(origin) ? Object.entries(granted) : [])
    if (value) response.setHeader(name, value);
  return Boolean(settings.CORS && origin && wantedMethod && method === 'OPTIONS');
}
