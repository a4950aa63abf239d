import { app } from '@azure/functions';
import './functions/badge';
import './functions/createUser';
import './functions/dashboard';
import './functions/deleteMe';
import './functions/deletePerson';
import './functions/deleteUser';
import './functions/exchangeTeamsToken';
import './functions/getMe';
import './functions/getPerson';
import './functions/health';
import './functions/healthDeep';
import './functions/issueMyToken';
import './functions/issueToken';
import './functions/metrics';
import './functions/openapi';
import './functions/revokeMyTokens';
import './functions/revokeTokens';
import './functions/runs';
import './functions/scheduledRun';
import { stopRuns } from './workflow/startRun';

app.hook.appTerminate(async () => {
  for (const sentence of await stopRuns()) console.error(sentence);
});
