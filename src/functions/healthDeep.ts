import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { healthAnswer } from '../http/healthAnswer';

app.http('healthDeep', {
  methods: ['GET'],
  route: 'health/deep',
  authLevel: 'function',
  handler: handle({}, async () => healthAnswer(await theApp.askAll())),
});
