import { jsonAnswer } from '../answer';
import type { IdentityOperation } from './operation';
import { checkMinutes, checkScopes, grantToken, readMinutes } from './tokenGrant';

/**
 * POST /identities. Order of checks: types of the fields, then scopes, then the lifetime, which is checked even where no token is asked
 * for (assumed). No scopes, null and an empty list (assumed) make a user without a token.
 */
export const createIdentity: IdentityOperation = {
  name: 'createIdentity',
  body: 'optional',
  async run({ body, version, users, tokens, nowMs }) {
    const scopes = body.textList('createTokenWithScopes') ?? [];
    const minutes = readMinutes(body, version);
    checkScopes(scopes, version);
    checkMinutes(minutes);
    const { id, user } = users.create(nowMs);
    if (scopes.length === 0) return jsonAnswer(201, { identity: { id } });
    const accessToken = await grantToken(
      tokens,
      { userId: id, user, resourceId: users.resourceId, scopes, minutes },
      nowMs,
    );
    return jsonAnswer(201, { identity: { id }, accessToken });
  },
};
