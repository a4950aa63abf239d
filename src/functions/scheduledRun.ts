import { app } from '@azure/functions';
import { runSchedule } from '../workflow/runSchedule';

app.timer('scheduledRun', {
  schedule: '%WORKFLOW_SCHEDULE%',
  runOnStartup: false,
  handler: (timer, context) => runSchedule(timer, context),
});
