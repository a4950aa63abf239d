import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { userInput } from '../identity/inputs';

app.http('deleteUser', {
  methods: ['DELETE'],
  route: 'users/{userId}',
  authLevel: 'function',
  handler: handle(userInput, async (input, call) => {
    await (await theApp.identity(input)).deleteUser(input, call);
    return { status: 204 };
  }),
});
