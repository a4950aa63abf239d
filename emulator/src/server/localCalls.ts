import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TeamsTokenClaims } from '../api';
import type { AccessTokens } from '../tokens/accessTokens';
import type { MadeTeamsToken } from '../tokens/teamsToken';
import { readTeamsTokenOptions } from '../tokens/teamsTokenOptions';
import { isLoopback } from './address';
import type { FaultList } from './faults';
import { readBody } from './requestBody';
import type { RequestLog } from './requestLog';

/** The emulator's own calls, which the service has not. */
export interface LocalCalls {
  faults: FaultList;
  requests: RequestLog;
  tokens: AccessTokens;
  makeTeamsToken: (claims: TeamsTokenClaims) => MadeTeamsToken;
  /** Other machines reach the port, so they may make these calls too, under any name that they have for it. */
  isShared: boolean;
  corsOrigins: readonly string[];
}

export const JWKS_PATH = '/.well-known/jwks.json';
export const TEAMS_TOKENS_PATH = '/emulator/teamsTokens';

export const isLocalCall = (path: string): boolean => path === JWKS_PATH || path.startsWith('/emulator/');

/**
 * Answers GET /.well-known/jwks.json, and for this machine (unless the port is shared), but not for web pages: POST and DELETE /emulator/faults, GET and DELETE /emulator/requests,
 * POST /emulator/teamsTokens.
 */
export async function answerLocalCall(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  calls: LocalCalls,
): Promise<void> {
  const [status, value] = await outcome(request, path, calls).catch((error: unknown): [number, unknown] => [
    400,
    { error: error instanceof Error ? error.message : 'The call failed.' },
  ]);
  const body = value === undefined ? undefined : JSON.stringify(value);
  response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(body);
}

async function outcome(request: IncomingMessage, path: string, calls: LocalCalls): Promise<[number, unknown?]> {
  const call = `${request.method} ${path}`;
  if (call === `GET ${JWKS_PATH}`) return [200, await calls.tokens.jwks()];
  if (isForeignPage(request, calls))
    return [403, { error: 'Not for web pages; --cors ORIGIN allows those of an origin.' }];
  if (!calls.isShared && !isFromThisMachine(request)) {
    return [403, { error: 'Only for calls from this machine, to a loopback address.' }];
  }
  switch (call) {
    case 'POST /emulator/faults':
      calls.faults.add(await readJson(request));
      return [204];
    case 'DELETE /emulator/faults':
      calls.faults.clear();
      return [204];
    case 'GET /emulator/requests':
      return [200, { value: calls.requests.list() }];
    case 'DELETE /emulator/requests':
      calls.requests.clear();
      return [204];
    case `POST ${TEAMS_TOKENS_PATH}`:
      return [201, calls.makeTeamsToken(readTeamsTokenOptions(await readJson(request)))];
    default:
      return [404, { error: 'The emulator has no such call.' }];
  }
}

/** The name is looked at too: a page in a browser could reach 127.0.0.1 under a name of its own (DNS rebinding). */
function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  const address = socket.remoteAddress?.replace('::ffff:', '') ?? '';
  const name = headers.host?.replace(/:\d+$/, '') ?? '';
  return (address.startsWith('127.') || address === '::1') && isLoopback(name.replace(/^\[(.*)\]$/, '$1'));
}

const isForeignPage = ({ headers: { origin } }: IncomingMessage, { corsOrigins }: LocalCalls): boolean =>
  origin !== undefined && !corsOrigins.includes(origin);

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request)).toString('utf8');
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('The body is not valid JSON.');
  }
}
