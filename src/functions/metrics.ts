import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { metrics } from '../status/metrics';

app.http('metrics', {
  methods: ['GET'],
  route: 'metrics',
  authLevel: 'function',
  handler: handle({}, async (_input, { context }) => ({
    status: 200,
    headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: await metrics(context),
  })),
});
