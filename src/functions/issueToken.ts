import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { issueTokenInput } from '../identity/inputs';
import { allowedWish } from '../identity/operatorLimits';

app.http('issueToken', {
  methods: ['POST'],
  route: 'users/{userId}/tokens',
  authLevel: 'function',
  handler: handle(issueTokenInput, async (input, call) => ({
    status: 200,
    jsonBody: await (await theApp.identity(input)).issueToken(allowedWish(input), call),
  })),
});
