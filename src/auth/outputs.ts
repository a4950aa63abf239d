// What the functions for signed-in people return, as schemas: see identity/outputs.
import * as v from 'valibot';
import { accessToken, timestamp, userId } from '../identity/outputs';

export const myToken = v.pipe(
  v.strictObject({
    identity: v.strictObject({ id: userId }),
    ...accessToken.entries,
    expiresOnTimestamp: v.pipe(
      v.number(),
      v.integer(),
      v.description(
        'The time `expiresOn` in milliseconds since 1970, as `AzureCommunicationTokenCredential` accepts it.',
      ),
      v.examples([1769860800000]),
    ),
  }),
  v.title('MyToken'),
  v.description('An ACS user access token for the signed-in person, and the ACS user that it is for.'),
);

export const personRecord = v.pipe(
  v.strictObject({
    tenantId: v.pipe(
      v.string(),
      v.description('The `tenantId` in URLs of `people`.'),
      v.examples(['11111111-1111-4111-8111-111111111111']),
    ),
    objectId: v.pipe(
      v.string(),
      v.description('The `objectId` in URLs of `people`.'),
      v.examples(['22222222-2222-4222-8222-222222222222']),
    ),
    devices: v.array(
      v.strictObject({
        device: v.pipe(v.string(), v.examples(['default'])),
        identity: userId,
        createdOn: timestamp,
      }),
    ),
  }),
  v.title('Person'),
  v.description('The ACS users of a person, one for each device.'),
);
