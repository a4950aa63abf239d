import { app } from '@azure/functions';
import { personInput } from '../auth/inputs';
import { deletePerson } from '../auth/people';
import { handle } from '../http/handle';

app.http('deletePerson', {
  methods: ['DELETE'],
  route: 'people/{tenantId}/{objectId}',
  authLevel: 'function',
  handler: handle(personInput, async (person, call) => {
    await deletePerson(person, call);
    return { status: 204 };
  }),
});
