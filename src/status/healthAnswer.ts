import type { HttpResponseInit } from '@azure/functions';

/** 503 if the app is unhealthy, else 200. The body has the result of each check. */
export function healthAnswer(report: { status: string; checks: object[] }): HttpResponseInit {
  return { status: report.status === 'Unhealthy' ? 503 : 200, jsonBody: report };
}
