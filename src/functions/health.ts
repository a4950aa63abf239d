import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { health } from '../status/health';
import { healthAnswer } from '../status/healthAnswer';

app.http('health', {
  methods: ['GET', 'HEAD'],
  route: 'health',
  authLevel: 'anonymous',
  handler: handle({ ignoresQuery: true }, () => Promise.resolve(healthAnswer(health()))),
});
