import { app } from '@azure/functions';
import { history } from '../history';
import { byRoute, handle } from '../http/handle';
import { runPage, startedRun } from '../runs/answers';
import { logAction, logRun } from '../workflow/runLog';
import { cancelRun } from '../workflow/cancelRun';
import { describeWorkflow } from '../workflow/describeWorkflow';
import { runStatistics } from '../workflow/runStatistics';
import { startRun } from '../workflow/startRun';
import { getRun, latestRun } from '../runs/storedRuns';
import { noticeSilence } from '../status/connectionStatus';
import { notifyTest } from '../status/notifyTest';
import {
  connectionInput,
  getRunInput,
  latestRunInput,
  listIncidentsInput,
  listRunsInput,
  startRunInput,
  statisticsInput,
} from '../runs/inputs';

const MANUAL = { name: 'Manual', kind: 'Http' } as const;

app.http('runs', {
  methods: ['GET', 'POST'],
  route: 'runs/{runId?}/{operation?}',
  authLevel: 'function',
  handler: byRoute(['runId', 'operation'], {
    POST: handle(
      startRunInput,
      async ({ failOnError, ...input }, { request, clientTrackingId, traceparent, context }) => {
        const run = await startRun({
          ...input,
          clientTrackingId,
          traceparent,
          log: context,
          trigger: MANUAL,
          onAction: (action) => logAction(context, action),
        });
        logRun(context, run);
        return startedRun(run, request, failOnError === 'true');
      },
    ),
    GET: handle(listRunsInput, async (query, { request }) => runPage(await history().runs.list(query), request)),
    'POST {runId}/cancel': handle(getRunInput, async ({ runId }) => ({
      status: 202,
      jsonBody: await cancelRun(runId),
    })),
    'GET workflow': handle({}, () => ({ status: 200, jsonBody: describeWorkflow(Date.now()) })),
    'GET incidents': handle(listIncidentsInput, async (query) => ({
      status: 200,
      jsonBody: { value: await history().states.incidents(query) },
    })),
    'POST notify-test': handle(connectionInput, async ({ connection }) => ({
      status: 200,
      jsonBody: await notifyTest(connection),
    })),
    'GET latest': handle(latestRunInput, async (query, { context }) => {
      await noticeSilence(context);
      return { status: 200, jsonBody: await latestRun(history().runs, query) };
    }),
    'GET statistics': handle(statisticsInput, async (query, { context }) => ({
      status: 200,
      jsonBody: await runStatistics(query, context),
    })),
    'GET {runId}': handle(getRunInput, async ({ runId }) => ({
      status: 200,
      jsonBody: await getRun(history().runs, runId),
    })),
  }),
});
