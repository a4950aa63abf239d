import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { identityActions } from '../identity';
import { userInput } from '../identity/inputs';

app.http('revokeTokens', {
  methods: ['DELETE'],
  route: 'users/{userId}/tokens',
  authLevel: 'function',
  handler: handle(userInput, async (input, call) => {
    await (await identityActions(input.connection)).revokeTokens(input, call);
    return { status: 204 };
  }),
});
