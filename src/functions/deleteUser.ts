import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { identityActions } from '../identity';
import { userInput } from '../identity/inputs';

app.http('deleteUser', {
  methods: ['DELETE'],
  route: 'users/{userId}',
  authLevel: 'function',
  handler: handle(userInput, async (input, call) => {
    await (await identityActions(input.connection)).deleteUser(input, call);
    return { status: 204 };
  }),
});
