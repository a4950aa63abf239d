import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { deepHealth } from '../status/deepHealth';
import { healthAnswer } from '../status/healthAnswer';

app.http('healthDeep', {
  methods: ['GET'],
  route: 'health/deep',
  authLevel: 'function',
  handler: handle({}, async (_input, { context }) => healthAnswer(await deepHealth(context))),
});
