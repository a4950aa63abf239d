import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { createUserInput } from '../identity/inputs';
import { RUN_MARK_HEADER } from '../identity/identityTypes';
import { createUserForCall } from '../workflow/createUserForCall';

app.http('createUser', {
  methods: ['POST'],
  route: 'users',
  authLevel: 'function',
  handler: handle(createUserInput, async (input, call) => ({
    status: 201,
    jsonBody: await createUserForCall(input, {
      ...call,
      runMark: call.request.headers.get(RUN_MARK_HEADER) ?? undefined,
      log: call.context,
    }),
  })),
});
