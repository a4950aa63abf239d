import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmulatedUser, TeamsTokenClaims } from '../api';
import { ServiceError } from '../serviceErrors';
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
  users: {
    list: () => EmulatedUser[];
    deleteAll: () => void;
  };
  /** Resolves when everything that was changed is kept, as far as it is to be. @throws ServiceError 503 */
  kept: () => Promise<void>;
  tokens: AccessTokens;
  makeTeamsToken: (claims: TeamsTokenClaims) => MadeTeamsToken;
  /** Other machines reach the port, so they may make these calls too, under any name that they have for it. */
  isShared: boolean;
  corsOrigins: readonly string[];
}

export const JWKS_PATH = '/.well-known/jwks.json';
export const FAULTS_PATH = '/emulator/faults';
export const REQUESTS_PATH = '/emulator/requests';
export const TEAMS_TOKENS_PATH = '/emulator/teamsTokens';
export const USERS_PATH = '/emulator/users';

type Outcome = [status: number, value?: unknown];
type Handler = (calls: LocalCalls, request: IncomingMessage) => Outcome | Promise<Outcome>;

const OPEN_CALL = `GET ${JWKS_PATH}`;
const HANDLERS = new Map<string, Handler>([
  [OPEN_CALL, async ({ tokens }) => [200, await tokens.jwks()]],
  [`GET ${FAULTS_PATH}`, ({ faults }) => [200, { value: faults.list() }]],
  [
    `POST ${FAULTS_PATH}`,
    async ({ faults }, request) => {
      faults.add(await readJson(request));
      return [204];
    },
  ],
  [
    `DELETE ${FAULTS_PATH}`,
    ({ faults }) => {
      faults.clear();
      return [204];
    },
  ],
  [`GET ${REQUESTS_PATH}`, ({ requests }) => [200, { value: requests.list() }]],
  [
    `DELETE ${REQUESTS_PATH}`,
    ({ requests }) => {
      requests.clear();
      return [204];
    },
  ],
  [`GET ${USERS_PATH}`, ({ users }) => [200, { value: users.list() }]],
  [
    `DELETE ${USERS_PATH}`,
    async ({ users, kept }) => {
      users.deleteAll();
      await kept();
      return [204];
    },
  ],
  [
    `POST ${TEAMS_TOKENS_PATH}`,
    async ({ makeTeamsToken }, request) => [201, makeTeamsToken(readTeamsTokenOptions(await readJson(request)))],
  ],
]);

/** Method and path of each. */
export const LOCAL_CALLS: readonly string[] = [...HANDLERS.keys()];

export const isLocalCall = (path: string): boolean => path === JWKS_PATH || path.startsWith('/emulator/');

/** Answers the {@link HANDLERS}' calls: the public key to everyone, the others to this machine (unless the port is shared), not to web pages. */
export async function answerLocalCall(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  calls: LocalCalls,
): Promise<void> {
  const [status, value] = await outcome(request, path, calls).catch(failure);
  const body = value === undefined ? undefined : JSON.stringify(value);
  response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(body);
}

async function outcome(request: IncomingMessage, path: string, calls: LocalCalls): Promise<Outcome> {
  const call = `${request.method} ${path}`;
  if (call !== OPEN_CALL) {
    if (isForeignPage(request, calls))
      return [403, { error: 'Not for web pages; --cors ORIGIN allows those of an origin.' }];
    if (!calls.isShared && !isFromThisMachine(request)) {
      return [403, { error: 'Only for calls from this machine, to a loopback address.' }];
    }
  }
  const handler = HANDLERS.get(call);
  if (handler === undefined) {
    return [404, { error: `The emulator has no such call. It has ${LOCAL_CALLS.join(', ')}.` }];
  }
  return handler(calls, request);
}

function failure(error: unknown): Outcome {
  if (error instanceof ServiceError) {
    return [error.answer.status, { error: error.reason ?? error.logged.message ?? 'The call failed.' }];
  }
  return [400, { error: error instanceof Error ? error.message : 'The call failed.' }];
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
