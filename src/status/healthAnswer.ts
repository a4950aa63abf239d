import type { HttpResponseInit } from '@azure/functions';

/** 200 as long as the app can do its work, else 503; the body has the state of each part. */
export function healthAnswer(report: { status: string; checks: object[] }): HttpResponseInit {
  return { status: report.status === 'Unhealthy' ? 503 : 200, jsonBody: report };
}
