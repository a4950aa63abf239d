import { createIdentity } from './operations/createIdentity';
import { deleteIdentity } from './operations/deleteIdentity';
import { exchangeTeamsToken } from './operations/exchangeTeamsToken';
import { issueAccessToken } from './operations/issueAccessToken';
import { listChatThreads } from './operations/listChatThreads';
import type { Operation } from './operations/operation';
import { revokeAccessTokens } from './operations/revokeAccessTokens';
import { methodNotAllowed, noSuchPath } from './serviceErrors';

interface Route {
  /** Literals in lower case (ASP.NET compares them without case); `undefined` is the place of the user id. */
  segments: readonly (string | undefined)[];
  method: string;
  operation: Operation;
}

/** The actions really have a slash before their colon. */
const ROUTES: readonly Route[] = [
  { segments: ['identities'], method: 'POST', operation: createIdentity },
  { segments: ['identities', undefined], method: 'DELETE', operation: deleteIdentity },
  { segments: ['identities', undefined, ':issueaccesstoken'], method: 'POST', operation: issueAccessToken },
  { segments: ['identities', undefined, ':revokeaccesstokens'], method: 'POST', operation: revokeAccessTokens },
  { segments: ['teamsuser', ':exchangeaccesstoken'], method: 'POST', operation: exchangeTeamsToken },
  { segments: ['chat', 'threads'], method: 'GET', operation: listChatThreads },
];

export interface Match {
  operation: Operation;
  /** Decoded; empty where the route has none. */
  userId: string;
}

/**
 * Finds the operation for a path (still percent-encoded, without query).
 * @throws ServiceError 404 for an unknown path, 405 with Allow for a known one
 */
export function findRoute(method: string, path: string): Match {
  const segments = path.slice(1).split('/');
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  const decoded = segments.map(decode);
  const matching = ROUTES.filter((route) => matches(route, decoded));
  if (!path.startsWith('/') || matching.length === 0) throw noSuchPath(path);
  const route = matching.find((candidate) => candidate.method === method);
  if (route === undefined) throw methodNotAllowed(matching.map((candidate) => candidate.method).join(', '));
  return { operation: route.operation, userId: decoded[1] ?? '' };
}

function matches({ segments }: Route, actual: readonly string[]): boolean {
  return (
    segments.length === actual.length &&
    segments.every((literal, i) => (literal === undefined ? actual[i] !== '' : actual[i]?.toLowerCase() === literal))
  );
}

/** Sequences that are no UTF-8 stay as they are, as the service's web server leaves them. */
function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
