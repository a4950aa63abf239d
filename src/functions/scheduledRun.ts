import { app } from '@azure/functions';
import { theApp } from '../app';
import { runSchedule } from '../workflow/runSchedule';

app.timer('scheduledRun', {
  schedule: '%WORKFLOW_SCHEDULE%',
  runOnStartup: false,
  handler: (timer, context) => runSchedule(theApp, timer, context),
});
