import * as v from 'valibot';
import { expiresInMinutes, nonEmptyScopes, optionalField } from '../identity/inputs';
import { DEFAULT_DEVICE } from './directoryRows';

const device = v.pipe(
  v.string('must be the name of a device.'),
  v.regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 lower-case letters, digits and hyphens.'),
  v.description('The name of the device. Each device of a person has its own ACS user.'),
  v.examples(['default']),
);

export const issueMyTokenInput = {
  optionalBody: true,
  body: v.strictObject({
    scopes: optionalField(
      v.pipe(nonEmptyScopes, v.description('Scopes of the token. Default: all of `MY_TOKEN_SCOPES`.')),
    ),
    expiresInMinutes: optionalField(expiresInMinutes),
    device: optionalField(device),
  }),
};

export const deviceInput = { query: v.object({ device: v.optional(device, DEFAULT_DEVICE) }) };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const tenantId = v.pipe(
  v.string(),
  v.regex(
    /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|iss-[0-9a-f]{32})$/i,
    "must be the id of an Entra tenant (a GUID) or, for another issuer, 'iss-' and 32 hex digits, as in the answer of GET me.",
  ),
  v.toLowerCase(),
  v.description('The Entra tenant. For another issuer, `iss-` and the first 32 hex digits of the SHA-256 of its URL.'),
  v.examples(['11111111-1111-4111-8111-111111111111']),
);
const objectId = v.pipe(
  v.string(),
  v.regex(
    /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127}|~[A-Za-z0-9_-]{1,683})$/,
    "must be the person's object id, or the subject of the person's tokens. If the subject has characters other than letters, digits, '.', '_' and '-', send '~' and the base64url of the subject.",
  ),
  v.description(
    'The object id of the person in Entra. If the tokens have no object id, the subject (`sub`) of the tokens. If the subject has characters other than letters, digits, `.`, `_` and `-`, send `~` and the base64url of the subject.',
  ),
  v.examples(['22222222-2222-4222-8222-222222222222']),
);

export const personInput = {
  params: v.pipe(
    v.object({ tenantId, objectId }),
    // Entra's ids are the same in upper case
    v.transform(({ tenantId: tenant, objectId: object }) => ({
      tenantId: tenant,
      objectId: GUID.test(tenant) && GUID.test(object.toLowerCase()) ? object.toLowerCase() : object,
    })),
  ),
};
