import { app } from '@azure/functions';
import { deviceInput } from '../auth/inputs';
import { revokeTokensOf } from '../auth/people';
import { signedInPerson } from '../auth/signedInPerson';
import { handle } from '../http/handle';

app.http('revokeMyTokens', {
  methods: ['DELETE'],
  route: 'me/tokens',
  authLevel: 'anonymous',
  handler: handle(
    deviceInput,
    async ({ device }, call, person) => {
      await revokeTokensOf(person, device, call);
      return { status: 204 };
    },
    signedInPerson,
  ),
});
