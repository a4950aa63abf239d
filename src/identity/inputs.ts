import * as v from 'valibot';
import { SCOPES, type Scope } from '../base/settings';

const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const USER_ID = new RegExp(`^8:(?:acs|gcch-acs|dod-acs):${GUID}_${GUID}(?:_${GUID})?$`, 'i');

/** Undoes the percent-encoding that a caller did once more than the platform undid. */
function decodeOnce(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const scope = v.picklist(SCOPES, `is not a scope. Scopes are: ${SCOPES.join(', ')}.`);
/** The length is checked before the entries, so that a long list costs no more than a short one. */
export const scopeList = v.pipe(
  v.array(v.unknown(), 'must be a list of scopes.'),
  v.maxLength(SCOPES.length, `must have at most ${SCOPES.length} entries: there are no more scopes.`),
  v.array(scope),
);
export const someScopes = v.pipe(scopeList, v.minLength(1, `must name at least one scope of: ${SCOPES.join(', ')}.`));
export const expiresInMinutes = v.pipe(
  v.number('must be a number of minutes.'),
  v.integer('must be a whole number of minutes.'),
  v.minValue(60, 'must be at least 60 minutes.'),
  v.maxValue(1440, 'must be at most 1440 minutes.'),
);
const userId = v.pipe(
  v.string('must be an ACS user id.'),
  v.transform(decodeOnce),
  v.regex(USER_ID, "is not an ACS user id. One looks like '8:acs:GUID_GUID'; createUser answers it as identity.id."),
);
const guid = (what: string) =>
  v.pipe(v.string(`must be ${what}, a GUID.`), v.regex(new RegExp(`^${GUID}$`, 'i'), `must be ${what}, a GUID.`));

/** A field that may be left out; null counts as absent, as ACS takes it. */
export const absent = <const T extends v.GenericSchema>(schema: T) =>
  v.optional(
    v.pipe(
      v.nullish(schema),
      v.transform((value) => value ?? undefined),
    ),
  );

const connectionQuery = v.object({ connection: v.optional(v.string()) });
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
    v.strictObject({ createTokenWithScopes: absent(scopeList), expiresInMinutes: absent(expiresInMinutes) }),
    v.forward(
      v.partialCheck(
        [['createTokenWithScopes'], ['expiresInMinutes']],
        expiryNeedsScopes,
        'is the lifetime of a token, but no token is asked for. Name its scopes in createTokenWithScopes, or leave this out.',
      ),
      ['expiresInMinutes'],
    ),
  ),
};

export const issueTokenInput = {
  params: userParams,
  query: connectionQuery,
  body: v.strictObject({
    scopes: someScopes,
    expiresInMinutes: absent(expiresInMinutes),
  }),
};

export const userInput = { params: userParams, query: connectionQuery };

export const exchangeTeamsTokenInput = {
  query: connectionQuery,
  body: v.strictObject({
    token: v.pipe(v.string('must be the Entra ID access token of a Teams user.'), v.nonEmpty('must not be empty.')),
    appId: guid("the Entra application's client id"),
    userId: guid("the Teams user's object id"),
  }),
};

/** An ACS user id as it is meant, percent-encoding undone; `undefined` if it is not a user id. */
export function checkUserId(text: string): string | undefined {
  const result = v.safeParse(userId, text);
  return result.success ? result.output : undefined;
}
