import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { userInput } from '../identity/inputs';

app.http('revokeTokens', {
  methods: ['DELETE'],
  route: 'users/{userId}/tokens',
  authLevel: 'function',
  handler: handle(userInput, async (input, call) => {
    await (await theApp.identity(input)).revokeTokens(input, call);
    return { status: 204 };
  }),
});
