import { app } from '@azure/functions';
import { deletePerson } from '../auth/people';
import { signedInPerson } from '../auth/signedInPerson';
import { handle } from '../http/handle';

app.http('deleteMe', {
  methods: ['DELETE'],
  route: 'me',
  authLevel: 'anonymous',
  handler: handle(
    {},
    async (_input, call, person) => {
      await deletePerson(person, call);
      return { status: 204 };
    },
    signedInPerson,
  ),
});
