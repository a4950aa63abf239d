import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { createUserInput } from '../identity/inputs';
import { allowedWish } from '../identity/operatorLimits';

app.http('createUser', {
  methods: ['POST'],
  route: 'users',
  authLevel: 'function',
  handler: handle(createUserInput, async (input, call) => ({
    status: 201,
    jsonBody: await (await theApp.identity(input)).createUser(allowedWish(input), call),
  })),
});
