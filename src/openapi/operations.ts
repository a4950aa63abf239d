// What the functions answer, by method and path: the part of the OpenAPI document that is not in their registrations. The app does not load this file; the
// build executes it, and fails if a function is missing here or does not exist.
import * as v from 'valibot';
import { accessToken, createdUser } from '../identity/outputs';
import { cancelAnswer, run, runList, statistics } from '../runs/outputs';
import { incidentList, notifyTestResult } from '../runs/stateOutputs';
import { badge, healthReport } from '../status/outputs';
import { workflowDescription } from '../workflow/outputs';
import { ACS_ERRORS, LIMIT_ERRORS, STORAGE_ERRORS, type Operation } from './operation';
import { PEOPLE_OPERATIONS } from './peopleOperations';

const RUN_HEADERS = [
  'Location',
  'x-ms-workflow-run-id',
  'x-ms-workflow-run-status',
  'x-ms-workflow-run-recorded',
] as const;

const token = { description: 'the token', body: accessToken };
const health = {
  200: {
    description: 'the app works (`status` is `Degraded` if something is not as it should be in production)',
    body: healthReport,
  },
  503: { description: 'the app does not work', body: healthReport },
};
const page = v.string();
const anyObject = v.record(v.string(), v.unknown());

export const OPERATIONS: Record<string, Operation> = {
  'POST /users': {
    operationId: 'createUser',
    tag: 'Identity',
    summary: 'Create a user',
    description:
      'With `createTokenWithScopes`, the answer has a token too, and `expiresInMinutes` is its lifetime. `expiresInMinutes` without `createTokenWithScopes` is an error. Even if the call fails, ACS may have created a user. Then `details` has an entry with the code `UserMayExist`, or, if the id of the user is known, an entry with the target `identity.id` and the id as its message.',
    answers: { 201: { description: 'the user', body: createdUser } },
    errors: [...ACS_ERRORS, ...LIMIT_ERRORS],
  },
  'POST /users/{userId}/tokens': {
    operationId: 'issueToken',
    tag: 'Identity',
    summary: 'Issue a token',
    answers: { 200: token },
    errors: [...ACS_ERRORS, ...LIMIT_ERRORS, 'UserNotFound'],
  },
  'DELETE /users/{userId}/tokens': {
    operationId: 'revokeTokens',
    tag: 'Identity',
    summary: 'Revoke all tokens of a user',
    answers: { 204: { description: 'the tokens are revoked' } },
    errors: [...ACS_ERRORS, 'UserNotFound'],
  },
  'DELETE /users/{userId}': {
    operationId: 'deleteUser',
    tag: 'Identity',
    summary: 'Delete a user and revoke its tokens',
    answers: { 204: { description: 'the user is deleted' } },
    errors: [...ACS_ERRORS, 'UserNotFound'],
  },
  'POST /teams/tokens': {
    operationId: 'exchangeTeamsToken',
    tag: 'Identity',
    summary: "Exchange a Teams user's Entra ID token for an ACS token",
    answers: { 200: token },
    errors: [...ACS_ERRORS, 'InvalidTeamsToken'],
  },
  ...PEOPLE_OPERATIONS,
  'POST /runs': {
    operationId: 'startRun',
    tag: 'Runs',
    summary: 'Run the workflow once',
    description: 'The answer comes when the run has ended. A value that is missing comes from the settings.',
    answers: {
      201: { description: 'the finished run, also if it failed', body: run, headers: RUN_HEADERS },
      502: {
        description: 'the finished run, if it did not succeed and `failOnError` is `true`',
        body: run,
        headers: RUN_HEADERS,
        codes: ['RunFailed'],
      },
    },
    errors: ['UnknownConnection', 'TooManyRuns', 'Misconfigured', ...LIMIT_ERRORS],
  },
  'GET /runs': {
    operationId: 'listRuns',
    tag: 'Runs',
    summary: 'List runs, newest first',
    answers: { 200: { description: 'a page of runs', body: runList } },
    errors: STORAGE_ERRORS,
  },
  'GET /runs/latest': {
    operationId: 'getLatestRun',
    tag: 'Runs',
    summary: 'Get the newest finished run, for an uptime monitor',
    answers: { 200: { description: 'the newest finished run, if it succeeded and is not too old', body: run } },
    errors: [...STORAGE_ERRORS, 'LastRunFailed', 'NoRecentRun'],
  },
  'GET /runs/statistics': {
    operationId: 'getRunStatistics',
    tag: 'Runs',
    summary: 'Get the statistics of the runs in a time window',
    answers: {
      200: { description: 'counts, rates and durations, users left behind, the next scheduled run', body: statistics },
    },
    errors: STORAGE_ERRORS,
  },
  'GET /runs/incidents': {
    operationId: 'listIncidents',
    tag: 'Runs',
    summary: 'List incidents, newest first',
    description:
      'An incident is the time from the first scheduled run that failed, was slow or did not start to the next healthy one.',
    answers: { 200: { description: 'the incidents', body: incidentList } },
    errors: STORAGE_ERRORS,
  },
  'GET /runs/workflow': {
    operationId: 'getWorkflow',
    tag: 'Runs',
    summary: 'Get the definition of the workflow, its effective settings and connections',
    description: 'It contains no secrets.',
    answers: { 200: { description: 'the workflow', body: workflowDescription } },
  },
  'POST /runs/notify-test': {
    operationId: 'testNotification',
    tag: 'Runs',
    summary: 'Send a sample notification to `NOTIFY_WEBHOOK_URL`',
    answers: { 200: { description: 'what the receiver answered', body: notifyTestResult } },
    errors: ['UnknownConnection', 'NotEnabled', 'Misconfigured'],
  },
  'GET /runs/{runId}': {
    operationId: 'getRun',
    tag: 'Runs',
    summary: 'Get a run with the inputs and outputs of its steps',
    answers: { 200: { description: 'the run', body: run } },
    errors: [...STORAGE_ERRORS, 'RunNotFound'],
  },
  'POST /runs/{runId}/cancel': {
    operationId: 'cancelRun',
    tag: 'Runs',
    summary: 'Cancel a running run',
    description:
      'The run ends as `Aborted`, and its user is deleted. A run on another instance continues until the end of its current step.',
    answers: {
      202: {
        description: 'the cancellation is requested; the run ends as `Aborted`, unless it ends by itself first',
        body: cancelAnswer,
      },
    },
    errors: [...STORAGE_ERRORS, 'RunNotFound', 'RunEnded'],
  },
  'GET /health': {
    operationId: 'getHealth',
    tag: 'Status',
    summary: 'Get the health that this process has seen so far',
    description: 'It makes no call to storage or ACS.',
    answers: health,
  },
  'HEAD /health': {
    operationId: 'headHealth',
    tag: 'Status',
    summary: 'Get the status of `GET /health` without its body',
    answers: { 200: { description: 'the app works' }, 503: { description: 'the app does not work' } },
  },
  'GET /health/deep': {
    operationId: 'getDeepHealth',
    tag: 'Status',
    summary: 'Get the health after calls to storage and ACS',
    description: 'The result is kept for 30 s.',
    answers: health,
  },
  'GET /metrics': {
    operationId: 'getMetrics',
    tag: 'Status',
    summary: 'Get gauges for Prometheus',
    description: 'The result is kept for 60 s.',
    answers: { 200: { description: 'gauges in the text format of Prometheus', body: page, contentType: 'text/plain' } },
    errors: STORAGE_ERRORS,
  },
  'GET /badge': {
    operationId: 'getBadge',
    tag: 'Status',
    summary: 'Get the state of a connection for shields.io',
    answers: { 200: { description: 'the badge', body: badge, headers: ['Cache-Control'] } },
    errors: ['UnknownConnection', 'NotEnabled', 'Misconfigured'],
  },
  'GET /dashboard': {
    operationId: 'getDashboard',
    tag: 'Status',
    summary: 'Get the dashboard, which shows runs',
    answers: {
      200: {
        description: 'the web page of the dashboard, which contains no data',
        body: page,
        contentType: 'text/html',
      },
    },
  },
  'GET /openapi.json': {
    operationId: 'getOpenapiDocument',
    tag: 'Status',
    summary: 'Get the OpenAPI document',
    answers: {
      200: { description: 'the OpenAPI document', body: anyObject, headers: ['ETag', 'Cache-Control'] },
      304: {
        description: 'the document has not changed since the version that `If-None-Match` names',
        headers: ['ETag', 'Cache-Control'],
      },
    },
  },
};
