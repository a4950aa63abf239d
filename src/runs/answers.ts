import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { queryOf } from '../http/validate';

interface FinishedRun {
  id: string;
  status: string;
  correlation: { clientTrackingId: string };
  recorded?: boolean;
}

/** The answer with a finished run: 201, or 502 if the run did not succeed and `failOnError` is set. */
export function startedRun(run: FinishedRun, request: HttpRequest, failOnError: boolean): HttpResponseInit {
  const failed = run.status !== 'Succeeded';
  return {
    status: failed && failOnError ? 502 : 201,
    headers: {
      Location: `${pathOf(request)}/${run.id}`,
      'x-ms-workflow-run-id': run.id,
      'x-ms-workflow-run-status': run.status,
      'x-ms-client-tracking-id': run.correlation.clientTrackingId,
      ...(failed && failOnError ? { 'x-ms-error-code': 'RunFailed' } : {}),
      ...(run.recorded === false ? { 'x-ms-workflow-run-recorded': 'false' } : {}),
    },
    jsonBody: run,
  };
}

/** The answer with a page of runs. `nextLink` is relative. It has the query's filters, but never its `code`, which is a key. */
export function runPage(page: { value: object[]; continuationToken?: string }, request: HttpRequest): HttpResponseInit {
  if (page.continuationToken === undefined) return { status: 200, jsonBody: { value: page.value } };
  const query = new URLSearchParams();
  const filters = ['status', 'since', 'until', 'clientTrackingId', 'connection', 'top'];
  for (const [name, value] of Object.entries(queryOf(request, filters))) query.set(name, value);
  query.set('continuationToken', page.continuationToken);
  return { status: 200, jsonBody: { value: page.value, nextLink: `${pathOf(request)}?${query.toString()}` } };
}

/** The path of the request, without host, query and trailing slash. */
function pathOf(request: HttpRequest): string {
  return new URL(request.url).pathname.replace(/(?<!\/)\/+$/, '');
}
