import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { identityActions } from '../identity';
import { exchangeTeamsTokenInput } from '../identity/inputs';

app.http('exchangeTeamsToken', {
  methods: ['POST'],
  route: 'teams/tokens',
  authLevel: 'function',
  handler: handle(exchangeTeamsTokenInput, async (input, call) => ({
    status: 200,
    jsonBody: await (await identityActions(input.connection)).exchangeTeamsToken(input, call),
  })),
});
