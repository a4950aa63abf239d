import * as v from 'valibot';
import { SCOPES, type Scope } from '../base/settings';

const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const USER_ID = new RegExp(`^8:(?:acs|gcch-acs|dod-acs):${GUID}_${GUID}(?:_${GUID})?$`, 'i');

/** Decodes a user id that the caller has percent-encoded twice: the platform decodes once. */
function decodeOnce(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

export const scope = v.pipe(
  v.picklist(SCOPES, `is not a scope. Scopes are: ${SCOPES.join(', ')}.`),
  v.title('Scope'),
  v.description('What a token allows.'),
);
/** The length is checked before the entries, so that a long list costs no more than a short one. */
export const scopeList = v.pipe(
  v.array(v.unknown(), 'must be a list of scopes.'),
  v.maxLength(
    SCOPES.length,
    `must have at most ${SCOPES.length} entries, because there are only ${SCOPES.length} scopes.`,
  ),
  v.array(scope),
  v.description('Scopes of the token that is created together with the user. With an empty list, no token is created.'),
);
export const nonEmptyScopes = v.pipe(
  scopeList,
  v.minLength(1, `must name at least one scope of: ${SCOPES.join(', ')}.`),
  v.description('Scopes of the token that is issued.'),
);
export const expiresInMinutes = v.pipe(
  v.number('must be a number of minutes.'),
  v.integer('must be a whole number of minutes.'),
  v.minValue(60, 'must be at least 60 minutes.'),
  v.maxValue(1440, 'must be at most 1440 minutes.'),
  v.description('Lifetime of the token. Default: 24 hours, or `MAX_TOKEN_MINUTES` of the operator if that is less.'),
  v.examples([60]),
);
const userId = v.pipe(
  v.string('must be an ACS user id.'),
  v.transform(decodeOnce),
  v.regex(USER_ID, "is not an ACS user id. One looks like '8:acs:GUID_GUID'; createUser returns it as identity.id."),
  v.description('The id of the ACS user, raw or percent-encoded.'),
  v.examples(['8:acs:1ca10000-ac51-4de0-8000-1d3e0717e000_00000032-a9a4-32ca-03cb-0a2d5feaacaf']),
);
const guid = (what: string) =>
  v.pipe(
    v.string(`must be ${what}, a GUID.`),
    v.regex(new RegExp(`^${GUID}$`, 'i'), `must be ${what}, a GUID.`),
    v.description(`${what.replace('the', 'The')}.`),
    v.examples(['22222222-2222-4222-8222-222222222222']),
  );

/** A field that may be missing or `null`. `null` counts as missing, as it does for ACS. */
export const optionalField = <const T extends v.GenericSchema>(schema: T) =>
  v.optional(
    v.pipe(
      v.nullish(schema),
      v.transform((value) => value ?? undefined),
    ),
  );

export const connectionName = v.pipe(
  v.string(),
  v.description('The name of one of the connections that the app has. Default: the first one.'),
  v.examples(['AcsIdentity']),
);
const connectionQuery = v.object({ connection: v.optional(connectionName) });
const userParams = v.object({ userId });

interface NewToken {
  createTokenWithScopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
}
const expiryNeedsScopes = (body: NewToken) =>
  body.expiresInMinutes === undefined || (body.createTokenWithScopes ?? []).length > 0;

export const createUserInput = {
  query: connectionQuery,
  optionalBody: true,
  body: v.pipe(
    v.strictObject({
      createTokenWithScopes: optionalField(scopeList),
      expiresInMinutes: optionalField(expiresInMinutes),
    }),
    v.forward(
      v.partialCheck(
        [['createTokenWithScopes'], ['expiresInMinutes']],
        expiryNeedsScopes,
        'is the lifetime of a token, but no token is requested. Name its scopes in createTokenWithScopes, or leave this field out.',
      ),
      ['expiresInMinutes'],
    ),
  ),
};

export const issueTokenInput = {
  params: userParams,
  query: connectionQuery,
  body: v.strictObject({
    scopes: nonEmptyScopes,
    expiresInMinutes: optionalField(expiresInMinutes),
  }),
};

export const userInput = { params: userParams, query: connectionQuery };

export const exchangeTeamsTokenInput = {
  query: connectionQuery,
  body: v.strictObject({
    token: v.pipe(
      v.string('must be the Entra ID access token of a Teams user.'),
      v.nonEmpty('must not be empty.'),
      v.description(
        'The Entra ID access token of the Teams user, with the scopes Teams.ManageCalls and Teams.ManageChats.',
      ),
    ),
    appId: guid("the Entra application's client id"),
    userId: guid("the Teams user's object id"),
  }),
};

/** The ACS user id in `text`, which may be percent-encoded; `undefined` if it is not a user id. */
export function checkUserId(text: string): string | undefined {
  const result = v.safeParse(userId, text);
  return result.success ? result.output : undefined;
}
