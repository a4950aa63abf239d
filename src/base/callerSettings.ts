// The settings of signed-in callers: which access tokens the app accepts, and which ACS tokens their owners may get.
import * as v from 'valibot';
import { AppError, misconfigured } from './errors';
import { isLoopback } from './loopback';
import {
  ACTION_SETTINGS,
  connectionNames,
  list,
  nonEmptyScopes,
  readSetting,
  SCOPES,
  setting,
  settingText,
  text,
  wholeNumber,
  type Scope,
} from './settings';

/** Many more than a company has tenants. */
const MAX_ENTRIES = 20;
const MAX_LENGTH = 255;

/** Is it a URL from which the app may fetch the discovery document of an issuer? */
function isIssuerUrl(issuer: string): boolean {
  if (issuer.length > MAX_LENGTH || /[\s?#]/.test(issuer) || !URL.canParse(issuer)) return false;
  const { protocol, hostname, username, password } = new URL(issuer);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** No token names one of these as its issuer. */
const namesTenant = (issuer: string) =>
  !/^\/(?:common|organizations|consumers)(?:\/|$)/i.test(new URL(issuer).pathname);

/** Issuers of v1 tokens, which the app refuses. */
const isOfV2 = (issuer: string) => new URL(issuer).hostname !== 'sts.windows.net';

const issuerList = v.pipe(
  v.string(),
  list,
  v.minLength(1, 'must name at least one issuer.'),
  v.maxLength(MAX_ENTRIES, `must name at most ${MAX_ENTRIES} issuers.`),
  v.everyItem(
    isIssuerUrl,
    'must be a comma-separated list of URLs that begin with https://, without a query and without a password. Only a URL of this machine (localhost, 127.0.0.1) may begin with http://.',
  ),
  v.everyItem(
    namesTenant,
    "must name tenants: the issuer of a token is never 'common', 'organizations' or 'consumers'. Write the tenant's id instead.",
  ),
  v.everyItem(
    isOfV2,
    'has an issuer of v1 tokens (sts.windows.net). Use https://login.microsoftonline.com/TENANT/v2.0, and set requestedAccessTokenVersion of the app registration to 2.',
  ),
);

const audienceList = v.pipe(
  v.string(),
  list,
  v.minLength(1, 'must name at least one audience.'),
  v.maxLength(MAX_ENTRIES, `must name at most ${MAX_ENTRIES} audiences.`),
  v.everyItem(
    (audience) => audience.length <= MAX_LENGTH && !/\s/.test(audience),
    `must be a comma-separated list of client ids or App ID URIs, each of at most ${MAX_LENGTH} characters without blanks.`,
  ),
);

export const CALLER_SETTINGS = v.object({
  ENTRA_ISSUERS: setting(
    v.optional(issuerList),
    'Issuers of the tokens of signed-in callers, separated by commas, each exactly as in the `iss` claim: `https://login.microsoftonline.com/TENANT/v2.0`, or `https://TENANT.ciamlogin.com/TENANT/v2.0` for External ID. TENANT is the id of the tenant. Any OpenID Connect issuer works.',
    { default: 'none: no signed-in callers' },
  ),
  ENTRA_AUDIENCE: setting(
    v.optional(audienceList),
    'Audiences (`aud` claim) of the tokens of signed-in callers, separated by commas: the client id of the app registration of the API, and its App ID URI if some tokens contain this URI instead.',
    { default: 'none' },
  ),
  MY_TOKEN_SCOPES: setting(
    v.optional(nonEmptyScopes),
    'Scopes of the ACS tokens that signed-in callers may get, separated by commas. `ALLOWED_SCOPES` must contain them.',
    { default: 'none' },
  ),
  MY_TOKEN_CONNECTION: setting(
    text(),
    'Name of the ACS connection on which signed-in callers have their ACS users. Do not change it later: with another ACS resource, each person would get a new ACS user.',
    { default: 'the first of `IDENTITY_CONNECTIONS`' },
  ),
  MY_TOKENS_PER_MINUTE: setting(
    wholeNumber('calls', 1, 999_999, 30),
    'How many calls one signed-in person may make in a minute to each instance of the app, 1 to 999999.',
  ),
});

/** Signed-in callers are off if none of these is set. */
const SWITCHES = ['ENTRA_ISSUERS', 'ENTRA_AUDIENCE', 'MY_TOKEN_SCOPES'] as const;

export interface CallerSettings {
  issuers: string[];
  audiences: string[];
  scopes: Scope[];
  /** Name of the ACS connection. */
  connection: string;
  /** How many calls a person may make in a minute. */
  perMinute: number;
}

/** Is at least one of the settings set that turn on signed-in callers? The other settings may be missing or malformed. */
export const hasSignedInCallers = (): boolean => SWITCHES.some((name) => settingText(name) !== undefined);

/** @throws AppError 404 `NotEnabled` if none of the three settings is set; 500 `Misconfigured`, which names the first missing or malformed setting */
export function callerSettings(): CallerSettings {
  if (!hasSignedInCallers()) {
    throw new AppError(404, 'NotEnabled', `Signed-in callers are off. To turn them on, set ${SWITCHES.join(', ')}.`);
  }
  return {
    issuers: required('ENTRA_ISSUERS'),
    audiences: required('ENTRA_AUDIENCE'),
    scopes: allowedScopes(),
    connection: knownConnection(),
    perMinute: readSetting(CALLER_SETTINGS, 'MY_TOKENS_PER_MINUTE'),
  };
}

function required<N extends (typeof SWITCHES)[number]>(name: N) {
  const value = readSetting(CALLER_SETTINGS, name);
  if (value === undefined) {
    throw misconfigured(name, `is missing. Signed-in callers need ${SWITCHES.join(', ')}.`);
  }
  return value as NonNullable<typeof value>;
}

function allowedScopes(): Scope[] {
  const scopes = required('MY_TOKEN_SCOPES');
  const allowed: readonly Scope[] = readSetting(ACTION_SETTINGS, 'ALLOWED_SCOPES') ?? SCOPES;
  const refused = scopes.find((scope) => !allowed.includes(scope));
  if (refused === undefined) return scopes;
  throw misconfigured(
    'MY_TOKEN_SCOPES',
    `has '${refused}', which setting 'ALLOWED_SCOPES' does not allow. It allows: ${allowed.join(', ')}. Change one of these two settings.`,
  );
}

function knownConnection(): string {
  const known = connectionNames();
  const name = readSetting(CALLER_SETTINGS, 'MY_TOKEN_CONNECTION') ?? known[0];
  if (name !== undefined && known.includes(name)) return name;
  throw misconfigured(
    'MY_TOKEN_CONNECTION',
    `is not a connection. Connections are: ${known.join(', ')}. Setting 'IDENTITY_CONNECTIONS' lists them.`,
  );
}
