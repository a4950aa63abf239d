import { jsonAnswer } from '../answer';
import { requiredField, validationError } from '../serviceErrors';
import type { IdentityOperation } from './operation';
import { ownedUser } from './ownedUser';
import { checkMinutes, checkScopes, grantToken, readMinutes } from './tokenGrant';

/**
 * POST /identities/{id}/:issueAccessToken. Order of checks: the model (types; Scopes is required), then scopes, lifetime, and last whether
 * the user is one of this resource (that it is last is assumed).
 */
export const issueAccessToken: IdentityOperation = {
  name: 'issueAccessToken',
  body: 'required',
  async run({ body, version, users, userId, tokens, nowMs }) {
    const scopes = body.textList('scopes');
    const minutes = readMinutes(body, version);
    if (scopes === undefined) throw requiredField('Scopes');
    if (scopes.length === 0) throw validationError('Invalid scopes - Scopes field is required.', 'scopes');
    checkScopes(scopes, version);
    checkMinutes(minutes);
    const user = ownedUser(users, userId);
    const grant = { userId, user, resourceId: users.resourceId, scopes, minutes };
    return jsonAnswer(200, await grantToken(tokens, grant, nowMs));
  },
};
