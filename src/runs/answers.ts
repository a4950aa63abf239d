import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { queryOf } from '../http/validate';

interface FinishedRun {
  id: string;
  status: string;
  correlation: { clientTrackingId: string };
  recorded?: boolean;
}

/** 201 with the finished run; 502 with it when it did not succeed and the caller wants that to be an error. */
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

/** A page of runs. `nextLink` is relative and has the query's filters, but never its `code`. */
export function runPage(page: { value: object[]; continuationToken?: string }, request: HttpRequest): HttpResponseInit {
  if (page.continuationToken === undefined) return { status: 200, jsonBody: { value: page.value } };
  const query = new URLSearchParams();
  const filters = ['status', 'since', 'until', 'clientTrackingId', 'connection', 'top'];
  for (const [name, value] of Object.entries(queryOf(request, filters))) query.set(name, value);
  query.set('continuationToken', page.continuationToken);
  return { status: 200, jsonBody: { value: page.value, nextLink: `${pathOf(request)}?${query.toString()}` } };
}

/** The path that was asked for, without host, query and trailing slash. */
function pathOf(request: HttpRequest): string {
  return new URL(request.url).pathname.replace(/(?<!\/)\/+$/, '');
}
