import reports from 'junit-report-builder';
import type { Action, Run } from '../../src/runs/run';

const CLASS = 'acs-identity';

/** A run as JUnit XML: a suite, and a test case for each step. What failed outside the steps is a test case of its own. */
export function junitOfRun(run: Run): string {
  const builder = reports.newBuilder();
  const suite = builder
    .testSuite()
    .name(run.workflow)
    .timestamp(new Date(run.startTime))
    .time((run.durationMs ?? 0) / 1000)
    .property('runId', run.id)
    .property('status', run.status)
    .property('connection', run.connection)
    .property('target', run.target)
    .property('clientTrackingId', run.correlation.clientTrackingId);
  for (const action of run.actions) {
    const testCase = suite
      .testCase()
      .className(`${CLASS}.${run.workflow}`)
      .name(action.name)
      .time(action.durationMs / 1000);
    if (action.status === 'Skipped') testCase.skipped();
    else if (action.status !== 'Succeeded') testCase.failure(failureOf(action), action.error?.code ?? action.code);
    testCase.standardOutput(detailsOf(action));
  }
  const isReported = run.actions.some(({ status }) => status !== 'Succeeded' && status !== 'Skipped');
  if (run.error && !isReported) {
    suite.testCase().className(`${CLASS}.${run.workflow}`).name('Run').failure(run.error.message, run.error.code);
  }
  const left = cleanupFailure(run);
  if (left) suite.testCase().className(`${CLASS}.${run.workflow}`).name('Cleanup').failure(left.message, left.code);
  return `${builder.build()}\n`;
}

function cleanupFailure({ cleanup, usersLeftBehind = [] }: Run): { code: string; message: string } | undefined {
  if (cleanup === 'Pending') {
    return { code: 'UsersLeftBehind', message: `Users that this run made still exist: ${usersLeftBehind.join(', ')}` };
  }
  if (cleanup !== 'Unknown') return undefined;
  return { code: 'UsersUnknown', message: 'ACS may have made a user whose id was not received.' };
}

/** A report of a run that could not even begin. */
export function junitOfFailure(message: string): string {
  const builder = reports.newBuilder();
  builder
    .testSuite()
    .name('identity-lifecycle')
    .testCase()
    .className(CLASS)
    .name('Setup')
    .error(message, 'CouldNotRun');
  return `${builder.build()}\n`;
}

const failureOf = ({ error, code }: Action) => (error ? `${error.code}: ${error.message}` : code);

function detailsOf({ status, code, error, retryHistory, correlation }: Action): string {
  const lines = [`${status} (${code})`];
  if (status === 'Skipped' && error) lines.push(error.message);
  for (const attempt of retryHistory ?? []) {
    lines.push(`repeated after ${attempt.code}${attempt.error ? `: ${attempt.error.message}` : ''}`);
  }
  if (correlation?.actionTrackingId) lines.push(`x-ms-client-request-id: ${correlation.actionTrackingId}`);
  if (correlation?.serviceRequestId) lines.push(`MS-CV: ${correlation.serviceRequestId}`);
  return lines.join('\n');
}
