import { app } from '@azure/functions';
import { personInput } from '../auth/inputs';
import { readPerson } from '../auth/people';
import { handle } from '../http/handle';

app.http('getPerson', {
  methods: ['GET'],
  route: 'people/{tenantId}/{objectId}',
  authLevel: 'function',
  handler: handle(personInput, async (person) => ({
    status: 200,
    jsonBody: await readPerson(person),
  })),
});
