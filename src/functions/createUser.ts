import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { createUserInput } from '../identity/inputs';
import { RUN_MARK_HEADER } from '../identity/runMark';
import { allowedWish } from '../identity/operatorLimits';

app.http('createUser', {
  methods: ['POST'],
  route: 'users',
  authLevel: 'function',
  handler: handle(createUserInput, async (input, call) => ({
    status: 201,
    jsonBody: await theApp.createUser(allowedWish(input), {
      ...call,
      runMark: call.request.headers.get(RUN_MARK_HEADER) ?? undefined,
      log: call.context,
    }),
  })),
});
