import { app } from '@azure/functions';
import { theApp } from '../app';
import { byRoute, handle } from '../http/handle';
import { runPage, startedRun } from '../http/runAnswers';
import { startRunInput } from '../identity/inputs';
import { logAction, logRun } from '../workflow/runLog';
import { getRunInput, latestRunInput, listRunsInput, statisticsInput } from '../workflow/listRunsInput';

const MANUAL = { name: 'Manual', kind: 'Http' } as const;

app.http('runs', {
  methods: ['GET', 'POST'],
  route: 'runs/{runId?}',
  authLevel: 'function',
  handler: byRoute('runId', {
    POST: handle(
      startRunInput,
      async ({ failOnError, ...wish }, { request, clientTrackingId, traceparent, context }) => {
        const run = await theApp.run({
          ...wish,
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
    GET: handle(listRunsInput, async (query, { request }) => runPage(await theApp.listRuns(query), request)),
    'GET latest': handle(latestRunInput, async (wish) => ({ status: 200, jsonBody: await theApp.latestRun(wish) })),
    'GET statistics': handle(statisticsInput, async (wish) => ({
      status: 200,
      jsonBody: await theApp.statistics(wish),
    })),
    'GET {runId}': handle(getRunInput, async ({ runId }) => ({ status: 200, jsonBody: await theApp.getRun(runId) })),
  }),
});
