import { app } from '@azure/functions';
import { theApp } from './app';
import './functions/createUser';
import './functions/dashboard';
import './functions/deleteUser';
import './functions/exchangeTeamsToken';
import './functions/health';
import './functions/healthDeep';
import './functions/issueToken';
import './functions/revokeTokens';
import './functions/runs';
import './functions/scheduledRun';

app.hook.appTerminate(async () => {
  for (const sentence of await theApp.terminate()) console.error(sentence);
});
