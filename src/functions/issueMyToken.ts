import { app } from '@azure/functions';
import { issueMyTokenInput } from '../auth/inputs';
import { issueMyToken } from '../auth/people';
import { signedInPerson } from '../auth/signedInPerson';
import { handle } from '../http/handle';

app.http('issueMyToken', {
  methods: ['POST'],
  route: 'me/token',
  authLevel: 'anonymous',
  handler: handle(
    issueMyTokenInput,
    async (input, call, person) => ({
      status: 200,
      jsonBody: await issueMyToken(person, input, { ...call, log: call.context }),
    }),
    signedInPerson,
  ),
});
