import { jsonAnswer } from '../answer';
import { has } from '../apiVersions';
import { isGuid } from '../guid';
import { invalidAccessToken, requiredField, validationError } from '../serviceErrors';
import { dateTimeOffset } from '../tokens/dateTimeOffset';
import type { Claims } from '../tokens/jwt';
import { readTeamsToken } from '../tokens/teamsToken';
import type { IdentityOperation, ResourceCall } from './operation';

/** Assumed: the claims of these tokens were in no recording. */
const SCOPES = ['chat', 'voip'];

/**
 * POST /teamsUser/:exchangeAccessToken. Order of checks: the model (AppId and UserId are required since 2022-06-01, the token is not:
 * without one the answer is the one to an invalid token), then the token, then the forms of appId and userId, then the claims of the token.
 * The first step is recorded, the order of the others is assumed. The new token ends when the Teams token does, as the API description says.
 */
export const exchangeTeamsToken: IdentityOperation = {
  name: 'exchangeTeamsToken',
  body: 'required',
  async run(call) {
    const { body, nowMs, tokens, users } = call;
    const token = body.text('token') ?? '';
    const expected = readExpected(call);
    const read = readTeamsToken(token, nowMs);
    if ('problem' in read) throw invalidAccessToken(read.problem);
    if (expected !== undefined) checkExpected(read.claims, expected);
    const userId = text(read.claims.oid);
    if (userId === '') throw invalidAccessToken('the Teams token has no oid');
    const issuedAtSeconds = Math.floor(nowMs / 1000);
    const accessToken = await tokens.make({
      skypeId: `orgid:${userId}`,
      resourceId: users.resourceId,
      scopes: SCOPES,
      issuedAtSeconds,
      lifetimeSeconds: read.expiresAtSeconds - issuedAtSeconds,
    });
    return jsonAnswer(200, { token: accessToken, expiresOn: dateTimeOffset(read.expiresAtSeconds * 1000, 0) });
  },
};

interface Expected {
  appId: string;
  userId: string;
}

/** What the token must have been issued for; 2021-10-31-preview knows only the token and does not look at the rest. */
function readExpected({ body, version }: ResourceCall): Expected | undefined {
  if (!has(version, 'teamsAppAndUser')) return undefined;
  const appId = body.text('appId') ?? '';
  const userId = body.text('userId') ?? '';
  if (appId.trim() === '') throw requiredField('AppId');
  if (userId.trim() === '') throw requiredField('UserId');
  return { appId, userId };
}

function checkExpected(claims: Claims, { appId, userId }: Expected): void {
  if (!isGuid(appId)) throw validationError('Provided AppId has invalid format.', 'appId');
  if (!isGuid(userId)) throw validationError('Provided UserId has invalid format.', 'userId');
  // v1 tokens name the application appid, v2 tokens azp.
  if (text(claims.appid ?? claims.azp).toLowerCase() !== appId.toLowerCase()) {
    throw validationError('AAD application is not the expected one.', 'appId');
  }
  if (text(claims.oid).toLowerCase() !== userId.toLowerCase()) {
    throw validationError('Provided AAD token issued for unexpected user.', 'userId');
  }
}

const text = (claim: unknown): string => (typeof claim === 'string' ? claim : '');
