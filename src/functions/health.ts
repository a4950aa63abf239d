import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { healthAnswer } from '../http/healthAnswer';

app.http('health', {
  methods: ['GET', 'HEAD'],
  route: 'health',
  authLevel: 'anonymous',
  handler: handle({ ignoresQuery: true }, () => Promise.resolve(healthAnswer(theApp.lastSeen()))),
});
