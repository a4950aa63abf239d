import { jsonAnswer, type Answer } from '../answer';
import { requireApiVersion } from '../apiVersions';
import { chatUnauthorized } from '../serviceErrors';
import { isRevoked } from '../state/revocations';
import { timeError } from '../tokens/jwt';
import type { ChatOperation, UserCall } from './operation';

/** A user with any of these may list threads (documented in the identity model's table of chat scopes). */
const CHAT_SCOPES = ['chat', 'chat.join', 'chat.join.limited'];

/**
 * GET /chat/threads, of the chat service: it takes a user's token, and so shows whether the token works. There are never any threads.
 * Order of checks: version, signature, expiry, user, revocation, scope (all assumed).
 */
export const listChatThreads: ChatOperation = {
  name: 'listChatThreads',
  async run(call): Promise<Answer> {
    requireApiVersion(call.query);
    const problem = await tokenError(call);
    if (problem !== undefined) throw chatUnauthorized(problem);
    return { ...jsonAnswer(200, { value: [] }), reportsVersions: false };
  },
};

async function tokenError({ authorization, nowMs, tokens, usersOf }: UserCall): Promise<string | undefined> {
  if (authorization === undefined) return 'the Authorization header is missing';
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) return 'the chat service takes a Bearer token: the access token of a user';
  const claims = await tokens.read(token);
  if (claims === undefined)
    return 'the token was not issued by this emulator (without a data file, not since it started)';
  const late = timeError(claims, nowMs);
  if (late !== undefined) return late;
  const { skypeid, resourceId, acsScope, iat } = claims;
  const scopes = String(acsScope).split(',');
  if (String(skypeid).startsWith('acs:')) {
    const user = usersOf(String(resourceId))?.find(`8:${String(skypeid)}`);
    if (user === undefined) return 'the user of the token was deleted';
    if (isRevoked(user, Number(iat), nowMs)) return "the user's tokens were revoked after this one was issued";
  }
  return CHAT_SCOPES.some((scope) => scopes.includes(scope)) ? undefined : 'the token has no chat scope';
}
