// The state of a connection, its incidents and notifications, as schemas: see outputs.ts.
import * as v from 'valibot';
import { timestamp } from '../identity/outputs';
import { CONNECTION_STATES } from './values';

export const durationMs = v.pipe(v.number(), v.description('Milliseconds.'), v.examples([85]));
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const connectionName = v.pipe(v.string(), v.description("The connection's name."), v.examples(['AcsIdentity']));

export const reason = v.pipe(
  v.strictObject({
    runId: v.exactOptional(v.string()),
    step: v.exactOptional(v.pipe(v.string(), v.description('The first step that failed, or the slowest one.'))),
    code: v.string(),
    message: v.pipe(v.string(), v.description('At most 300 characters.')),
  }),
  v.title('Reason'),
  v.description('Why a run is not healthy.'),
);

export const incident = v.pipe(
  v.strictObject({
    id: v.string(),
    connection: connectionName,
    began: timestamp,
    ended: v.exactOptional(v.pipe(timestamp, v.description('Missing while the incident is open.'))),
    states: v.pipe(
      v.array(v.picklist(['Slow', 'Failing', 'Overdue'])),
      v.description('The states of the connection during the incident, in the order in which they began.'),
    ),
    runs: v.pipe(count, v.description('Scheduled runs that ended during the incident and were not healthy.')),
    first: reason,
    last: reason,
  }),
  v.title('Incident'),
  v.description('A time during which a connection was not healthy.'),
);

export const incidentList = v.pipe(
  v.strictObject({ value: v.array(incident) }),
  v.title('IncidentList'),
  v.description('Incidents, newest first.'),
);

export const connectionStatus = v.pipe(
  v.strictObject({
    connection: connectionName,
    state: v.pipe(
      v.picklist([...CONNECTION_STATES, 'Off']),
      v.description('`Unknown`: no scheduled run has ended yet. `Off`: the schedule is off.'),
    ),
    since: timestamp,
    reason: v.exactOptional(v.pipe(v.string(), v.description('Why the schedule is off.'))),
    consecutiveFailures: v.pipe(
      count,
      v.description('Scheduled runs that failed one after the other, up to the last one.'),
    ),
    lastRun: v.exactOptional(
      v.strictObject({
        id: v.string(),
        startTime: timestamp,
        status: v.string(),
        slow: v.exactOptional(v.literal(true)),
      }),
    ),
    lastSuccess: v.exactOptional(v.pipe(timestamp, v.description('When the last scheduled run that succeeded ended.'))),
    incident: v.exactOptional(v.pipe(incident, v.description('The open incident.'))),
    nextRun: v.pipe(
      v.nullable(timestamp),
      v.description('`null` if the schedule is off, and for a TimeSpan, which counts from the start of the host.'),
    ),
  }),
  v.title('ConnectionStatus'),
  v.description('The state of a connection, as its scheduled runs show it.'),
);

export const notifyTestResult = v.pipe(
  v.strictObject({
    delivered: v.boolean(),
    status: v.exactOptional(
      v.pipe(v.number(), v.description('The status of the receiver. Missing if there was no answer.')),
    ),
    body: v.exactOptional(v.pipe(v.string(), v.description('At most 200 characters, secrets masked.'))),
    reason: v.exactOptional(v.pipe(v.string(), v.description('Why the notification was not delivered.'))),
    durationMs,
  }),
  v.title('NotifyTestResult'),
);
