import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { connectionInput } from '../runs/inputs';
import { badge, BADGE_SECONDS } from '../status/badge';

app.http('badge', {
  methods: ['GET'],
  route: 'badge',
  authLevel: 'anonymous',
  handler: handle(connectionInput, async ({ connection }, { context }) => ({
    status: 200,
    headers: { 'Cache-Control': `public, max-age=${BADGE_SECONDS}` },
    jsonBody: await badge(connection, context),
  })),
});
