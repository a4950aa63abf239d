import { app } from '@azure/functions';
import { readPerson } from '../auth/people';
import { signedInPerson } from '../auth/signedInPerson';
import { handle } from '../http/handle';

app.http('getMe', {
  methods: ['GET'],
  route: 'me',
  authLevel: 'anonymous',
  handler: handle(
    {},
    async (_input, _call, person) => ({ status: 200, jsonBody: await readPerson(person) }),
    signedInPerson,
  ),
});
