// What the identity actions return, as schemas: the types are inferred from them, and the OpenAPI document is made of them. The app imports only their
// types; the build and the tests execute them.
import * as v from 'valibot';

/** RFC 3339 UTC with milliseconds and `Z`. */
export const timestamp = v.pipe(v.string(), v.isoTimestamp(), v.examples(['2026-01-31T12:00:00.000Z']));

export const userId = v.pipe(
  v.string(),
  v.description('The id of the ACS user.'),
  v.examples(['8:acs:1ca10000-ac51-4de0-8000-1d3e0717e000_00000032-a9a4-32ca-03cb-0a2d5feaacaf']),
);

export const accessToken = v.pipe(
  v.strictObject({
    token: v.pipe(
      v.string(),
      v.description('The token, a JWT. Treat it as a password.'),
      v.examples(['eyJhbGciOi...']),
    ),
    expiresOn: v.pipe(timestamp, v.description('When the token expires, in UTC.')),
  }),
  v.title('AccessToken'),
  v.description('An ACS user access token.'),
);

export const createdUser = v.pipe(
  v.strictObject({
    identity: v.strictObject({ id: userId }),
    accessToken: v.exactOptional(accessToken),
  }),
  v.title('CreatedUser'),
  v.description('A new ACS user, with a token if one was requested. Field names are those of the ACS REST API.'),
);

export const attempt = v.pipe(
  v.strictObject({
    startTime: timestamp,
    endTime: timestamp,
    code: v.pipe(
      v.string(),
      v.description(
        'The HTTP status by name (`OK`, `ServiceUnavailable`), or what happened instead of an answer (`ECONNREFUSED`, `Timeout`).',
      ),
      v.examples(['ServiceUnavailable']),
    ),
    clientRequestId: v.pipe(v.string(), v.description('What was sent as `x-ms-client-request-id`.')),
    serviceRequestId: v.exactOptional(
      v.pipe(v.string(), v.description("The `MS-CV` of ACS, or a function's invocation id.")),
    ),
    error: v.exactOptional(v.strictObject({ code: v.string(), message: v.string() })),
  }),
  v.title('Attempt'),
  v.description('One request to ACS, or one call of a function URL.'),
);
