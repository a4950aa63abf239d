import { app } from '@azure/functions';
import { dashboardPage } from '../dashboard/dashboardPage';
import { handle } from '../http/handle';

app.http('dashboard', {
  methods: ['GET'],
  route: 'dashboard',
  authLevel: 'anonymous',
  handler: handle({ ignoresQuery: true }, async () => {
    const { html, headers } = await dashboardPage();
    return { status: 200, headers, body: html };
  }),
});
