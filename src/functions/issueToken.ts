import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { identityActions } from '../identity';
import { issueTokenInput } from '../identity/inputs';

app.http('issueToken', {
  methods: ['POST'],
  route: 'users/{userId}/tokens',
  authLevel: 'function',
  handler: handle(issueTokenInput, async (input, call) => ({
    status: 200,
    jsonBody: await (await identityActions(input.connection)).issueToken(input, call),
  })),
});
