import { app } from '@azure/functions';
import { theApp } from '../app';
import { handle } from '../http/handle';
import { exchangeTeamsTokenInput } from '../identity/inputs';

app.http('exchangeTeamsToken', {
  methods: ['POST'],
  route: 'teams/tokens',
  authLevel: 'function',
  handler: handle(exchangeTeamsTokenInput, async (input, call) => ({
    status: 200,
    jsonBody: await (await theApp.identity(input)).exchangeTeamsToken(input, call),
  })),
});
