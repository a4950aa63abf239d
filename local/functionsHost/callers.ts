// Who may call. This host asks for no keys, and a web page of any site reaches it from a browser on this machine.
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../src/base/loopback';
import { isListedOrigin } from './cors';
import type { HostPart } from './hostSettings';

export interface Refusal {
  status: 400 | 403;
  reason: string;
}

/** Why a request is refused, or `undefined` if it is accepted. */
export function refusalOf(request: IncomingMessage, settings: HostPart): Refusal | undefined {
  // Only HTTP/1.0 allows a request without the header.
  const { host = 'localhost', origin } = request.headers;
  return (
    refuseHost(host, request) ?? (origin === undefined ? undefined : refuseOrigin(origin.toLowerCase(), host, settings))
  );
}

/** The Host header must name this machine: a page can reach 127.0.0.1 under its own name (DNS rebinding). */
function refuseHost(host: string, { headersDistinct, socket }: IncomingMessage): Refusal | undefined {
  const isRepeated = (headersDistinct['host']?.length ?? 0) > 1;
  const isMalformed = !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`);
  if (isRepeated || isMalformed) {
    return { status: 400, reason: 'The Host header is malformed. Send it once, as name:port.' };
  }
  if (isLoopback(new URL(`http://${host}`).hostname)) return undefined;
  const advice = `Call http://localhost:${socket.localPort} or http://127.0.0.1:${socket.localPort}.`;
  return { status: 403, reason: `The Host header does not name this machine. ${advice}` };
}

/** A page may call if the host itself served it, or if Host.CORS lists its origin. */
function refuseOrigin(origin: string, host: string, settings: HostPart): Refusal | undefined {
  if (origin === `http://${host.toLowerCase()}` || isListedOrigin(settings, origin)) return undefined;
  const advice = 'Add the origin to Host.CORS in local.settings.json and restart.';
  return { status: 403, reason: `The Origin header names a page that may not call this host. ${advice}` };
}
