// What a run is, as schemas: the types are inferred from them, and the OpenAPI document is made of them. The app imports only their types; the build and
// the tests execute them.
import * as v from 'valibot';
import { attempt, timestamp, userId } from '../identity/outputs';
import { connectionName, connectionStatus, count, durationMs } from './stateOutputs';
import { ACTION_STATUSES, RUN_STATUSES, STATISTICS_WINDOWS } from './values';

export const runError = v.pipe(v.strictObject({ code: v.string(), message: v.string() }), v.title('RunError'));

export const trigger = v.pipe(
  v.strictObject({
    name: v.picklist(['Recurrence', 'Manual']),
    kind: v.pipe(v.picklist(['Timer', 'Http', 'Cli']), v.description('`Cli`: a command, not the app.')),
    scheduledTime: v.exactOptional(v.pipe(timestamp, v.description('When the timer should have fired.'))),
    isPastDue: v.exactOptional(v.boolean()),
  }),
  v.title('Trigger'),
  v.description('What started the run.'),
);

export const check = v.pipe(
  v.strictObject({
    name: v.string(),
    status: v.picklist(['Passed', 'Failed', 'NotApplicable']),
    durationMs,
    message: v.exactOptional(v.pipe(v.string(), v.description('Why it failed, or why it does not apply.'))),
  }),
  v.title('Check'),
  v.description('The result of a deeper check.'),
);

export const action = v.pipe(
  v.strictObject({
    name: v.pipe(v.string(), v.examples(['Create_a_user'])),
    status: v.picklist(ACTION_STATUSES),
    code: v.pipe(
      v.string(),
      v.description(
        'The name of an HTTP status (`Created`), or `CheckFailed`, `ActionSkipped`, `ActionTimedOut`, `ActionAborted`, or an error code.',
      ),
      v.examples(['Created']),
    ),
    startTime: timestamp,
    endTime: timestamp,
    durationMs,
    error: v.exactOptional(runError),
    inputs: v.exactOptional(v.pipe(v.unknown(), v.description('Not part of a list.'))),
    outputs: v.exactOptional(v.pipe(v.unknown(), v.description('Tokens are redacted. Not part of a list.'))),
    checks: v.exactOptional(
      v.pipe(
        v.array(check),
        v.description('Deeper checks that were made after the step. Their time is not part of its times.'),
      ),
    ),
    retryHistory: v.exactOptional(
      v.pipe(v.array(attempt), v.description('Attempts that failed and were retried. Not part of a list.')),
    ),
    correlation: v.exactOptional(
      v.strictObject({
        actionTrackingId: v.exactOptional(
          v.pipe(v.string(), v.description('The `x-ms-client-request-id` of the last attempt.')),
        ),
        clientTrackingId: v.string(),
        serviceRequestId: v.exactOptional(
          v.pipe(v.string(), v.description('The `MS-CV` of ACS for the last attempt.')),
        ),
        spanId: v.exactOptional(v.pipe(v.string(), v.description("The step's part of the trace."))),
      }),
    ),
  }),
  v.title('Action'),
  v.description('A step of a run, like an action of a run in Logic Apps.'),
);

export const run = v.pipe(
  v.strictObject({
    id: v.pipe(
      v.string(),
      v.description(
        '20 digits of inverted start ticks, 9 random digits and `CU00`. Newer ids sort first, like those of Logic Apps.',
      ),
      v.examples(['08584640926573727105946217888CU00']),
    ),
    workflow: v.pipe(v.string(), v.examples(['identity-lifecycle'])),
    status: v.pipe(
      v.picklist(RUN_STATUSES),
      v.description(
        '`Aborted`: the run was cancelled, or its process was stopped or died, before the run ended by itself.',
      ),
    ),
    trigger,
    startTime: timestamp,
    endTime: v.exactOptional(timestamp),
    durationMs: v.exactOptional(durationMs),
    correlation: v.pipe(
      v.strictObject({
        clientTrackingId: v.string(),
        traceId: v.exactOptional(v.string()),
        spanId: v.exactOptional(v.string()),
      }),
      v.description("`traceId` and `spanId`, in hex: the run's trace, and the parent span of its steps."),
    ),
    connection: connectionName,
    target: v.pipe(
      v.picklist(['connection', 'functions']),
      v.description('`connection`: the steps called ACS. `functions`: they called the functions by URL.'),
    ),
    cancelRequested: v.exactOptional(
      v.pipe(
        v.literal(true),
        v.description('Someone has requested to cancel the run. It ends as `Aborted`, unless it ends by itself first.'),
      ),
    ),
    slow: v.exactOptional(
      v.pipe(v.literal(true), v.description('The run succeeded, but the run or a step took longer than its budget.')),
    ),
    cleanup: v.pipe(
      v.picklist(['Clean', 'Pending', 'NotNeeded', 'Unknown']),
      v.description(
        'Whether the user that the run created is deleted. `Clean`: it is. `Pending`: it still exists. `NotNeeded`: no user was created. `Unknown`: ACS may have created one, but the run never received its id (nobody can find it, because ACS lists no users). For a running run it is the state so far.',
      ),
    ),
    usersLeftBehind: v.exactOptional(
      v.pipe(v.array(userId), v.description('The users that still exist, if `cleanup` is `Pending`.')),
    ),
    error: v.exactOptional(runError),
    actions: v.array(action),
    recorded: v.exactOptional(
      v.pipe(
        v.boolean(),
        v.description('`false` if the run could not be saved to the history. Then `recordError` has the reason.'),
      ),
    ),
    recordError: v.exactOptional(runError),
  }),
  v.title('Run'),
  v.description('One run of the workflow.'),
);

export const runList = v.pipe(
  v.strictObject({
    value: v.array(run),
    nextLink: v.exactOptional(
      v.pipe(
        v.string(),
        v.description('The path and query of the next page. Missing on the last page.'),
        v.examples(['/api/runs?top=25&continuationToken=08584640926573727105946217888CU00']),
      ),
    ),
  }),
  v.title('RunList'),
  v.description('A page of runs, newest first, without the inputs and outputs of their steps.'),
);

const endCounts = { Succeeded: count, Failed: count, TimedOut: count, Aborted: count };
const rates = {
  successRate: v.pipe(
    v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
    v.description('The share of ended runs that succeeded. `null` if no run ended.'),
  ),
  durationMs: v.pipe(
    v.nullable(v.strictObject({ p50: v.number(), p95: v.number() })),
    v.description('By nearest rank, of runs that succeeded, failed or timed out. `null` if there was no such run.'),
  ),
};

export const schedule = v.pipe(
  v.strictObject({
    enabled: v.boolean(),
    expression: v.pipe(v.nullable(v.string()), v.examples(['0 */5 * * * *'])),
    nextRun: v.pipe(
      v.nullable(timestamp),
      v.description('`null` if the schedule is off, and for a TimeSpan, which counts from the start of the host.'),
    ),
    reason: v.pipe(v.nullable(v.string()), v.description('Why the schedule is off. `null` if it is on.')),
  }),
  v.title('Schedule'),
  v.description('The schedule of the timer, and when it fires next.'),
);

export const cancelAnswer = v.pipe(
  v.strictObject({ id: v.string(), status: v.literal('Running'), cancelRequested: v.literal(true) }),
  v.title('CancelAnswer'),
);

export const statistics = v.pipe(
  v.strictObject({
    window: v.picklist(STATISTICS_WINDOWS),
    unit: v.pipe(v.picklist(['hour', 'day']), v.description('The length of a bucket, in UTC.')),
    since: timestamp,
    until: timestamp,
    connection: v.exactOptional(connectionName),
    ended: v.pipe(count, v.description('Number of runs that ended.')),
    counts: v.strictObject({ Running: count, ...endCounts }),
    ...rates,
    buckets: v.array(v.strictObject({ start: timestamp, counts: v.strictObject(endCounts), ...rates })),
    usersLeftBehind: v.pipe(
      count,
      v.description(
        'Users that still exist although their run is over. Runs of any time count, not only those of the window.',
      ),
    ),
    usersLeftBehindIsExact: v.exactOptional(v.pipe(v.literal(false), v.description('`false` if there are more.'))),
    usersUnknown: v.pipe(count, v.description('Runs of the window with the cleanup state `Unknown`.')),
    schedule,
    connections: v.pipe(
      v.array(connectionStatus),
      v.description('The states of the connections that scheduled runs test.'),
    ),
  }),
  v.title('Statistics'),
  v.description(
    'The results of the runs of a window, in all and by hour or day. A run belongs to the time of its start.',
  ),
);
