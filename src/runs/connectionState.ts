// The state of a connection, as its scheduled runs show it. Pure: `history/` stores it, `status/` reports it.
import type * as v from 'valibot';
import type * as outputs from './stateOutputs';
import type { Run } from './run';
import type { CONNECTION_STATES } from './values';

export type ConnectionStateName = (typeof CONNECTION_STATES)[number];

/** Changes that people are notified of. */
export const NOTIFICATION_TYPES = ['failing', 'recovered', 'slow', 'overdue'] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** Why a run is not healthy. */
export type Reason = v.InferOutput<typeof outputs.reason>;

/** A time during which a connection was not healthy. Times are RFC 3339 UTC. */
export type Incident = v.InferOutput<typeof outputs.incident>;

/** A change that the receiver has not confirmed yet. */
export interface Notification {
  /** Incident, number of the change, and state: the same in every attempt to send it. */
  id: string;
  type: NotificationType;
  /** RFC 3339 UTC. */
  time: string;
  state: ConnectionStateName;
  /** When the present state began. RFC 3339 UTC. */
  since: string;
  incident: Incident;
}

/** The state of a connection. Times are RFC 3339 UTC. */
export interface ConnectionState {
  connection: string;
  state: ConnectionStateName;
  since: string;
  /** Scheduled runs that failed one after the other, up to the last one. */
  consecutiveFailures: number;
  /** The first of these failures. */
  firstFailure?: { time: string; reason: Reason };
  /** The last scheduled run that ended and was not aborted. */
  lastRun?: { id: string; startTime: string; status: string; slow?: true };
  /** When the last scheduled run that succeeded ended. */
  lastSuccess?: string;
  /** The schedule as it was last seen, and since when: a run can be overdue only by a schedule that is on. */
  schedule?: { expression: string; since: string };
  /** The open incident, with the number of its changes of state. */
  incident?: Incident & { changes: number };
  /** Notifications that are not sent yet, oldest first. */
  notifications: Notification[];
  /** Until when one process has the right to send them. RFC 3339 UTC. */
  sendingUntil?: string;
}

/** The state of a connection for people. Times are RFC 3339 UTC. */
export type ConnectionStatus = v.InferOutput<typeof outputs.connectionStatus>;

/** What the receiver of a sample answered. `body` is cut to 200 characters, and secrets in it are masked. */
export type NotifyTestResult = v.InferOutput<typeof outputs.notifyTestResult>;

export interface StateRules {
  /** From how many failures in a row the state is `Failing`. */
  failuresUntilFailing: number;
  /** Are notifications kept to be sent? */
  notify: boolean;
}

/** More waiting notifications than these are dropped, the oldest first: the receiver has been away for long. */
const MAX_WAITING = 10;
const MESSAGE_LENGTH = 300;

/** The state before anything is known. */
export const unknownState = (connection: string, since: string): ConnectionState => ({
  connection,
  state: 'Unknown',
  since,
  consecutiveFailures: 0,
  notifications: [],
});

/**
 * The state after a scheduled run has ended; `undefined` if the run changes nothing: it was started by hand, was aborted, was counted before, or a later
 * one was counted before it.
 */
export function afterRun(
  before: ConnectionState | undefined,
  run: Run,
  rules: StateRules,
): ConnectionState | undefined {
  if (run.trigger.kind !== 'Timer' || run.status === 'Running' || run.status === 'Aborted') return undefined;
  const last = before?.lastRun;
  if (last !== undefined && (last.id === run.id || last.startTime > run.startTime)) return undefined;
  const time = run.endTime ?? run.startTime;
  const next: ConnectionState = {
    ...(before ?? unknownState(run.connection, run.startTime)),
    lastRun: { id: run.id, startTime: run.startTime, status: run.status, ...(run.slow ? { slow: true } : {}) },
  };
  if (run.status === 'Succeeded') {
    next.lastSuccess = time;
    next.consecutiveFailures = 0;
    delete next.firstFailure;
    return run.slow ? enter(next, 'Slow', time, slowReason(run), rules) : recover(next, time, rules);
  }
  const reason = failureReason(run);
  next.consecutiveFailures += 1;
  next.firstFailure ??= { time: run.startTime, reason };
  if (next.consecutiveFailures < rules.failuresUntilFailing && next.state !== 'Failing') {
    // the timer fires again, so nothing is overdue any more
    if (next.state === 'Overdue') return recover(next, time, rules);
    const { incident } = next;
    return incident ? { ...next, incident: { ...incident, runs: incident.runs + 1, last: reason } } : next;
  }
  return enter(next, 'Failing', time, reason, rules);
}

/** The state when scheduled runs have not come for too long. `time`: RFC 3339 UTC. `lastDue`: a time for people. */
export function overdue(before: ConnectionState, time: string, lastDue: string, rules: StateRules): ConnectionState {
  const reason = {
    code: 'NoScheduledRun',
    message: `No scheduled run has started although one was due at ${lastDue}.`,
  };
  return before.state === 'Overdue' ? before : enter({ ...before }, 'Overdue', time, reason, rules);
}

/** Enters a state that is not healthy, or counts one more run in it. */
function enter(
  next: ConnectionState,
  state: 'Slow' | 'Failing' | 'Overdue',
  time: string,
  reason: Reason,
  rules: StateRules,
): ConnectionState {
  const isChange = next.state !== state;
  const first = state === 'Failing' && next.firstFailure ? next.firstFailure : { time, reason };
  const open = next.incident;
  const incident = {
    id: open?.id ?? `${next.connection}-${Date.parse(first.time)}`,
    connection: next.connection,
    began: open?.began ?? first.time,
    states: isChange && open?.states.at(-1) !== state ? [...(open?.states ?? []), state] : (open?.states ?? [state]),
    runs:
      open === undefined && state === 'Failing' ? next.consecutiveFailures : (open?.runs ?? 0) + (reason.runId ? 1 : 0),
    first: open?.first ?? first.reason,
    last: reason,
    changes: (open?.changes ?? 0) + (isChange ? 1 : 0),
  };
  const entered: ConnectionState = { ...next, state, since: isChange ? time : next.since, incident };
  const type = ({ Slow: 'slow', Failing: 'failing', Overdue: 'overdue' } as const)[state];
  return isChange ? notified(entered, type, time, incident, rules) : entered;
}

function recover(next: ConnectionState, time: string, rules: StateRules): ConnectionState {
  if (next.state === 'Healthy') return next;
  const { incident, ...rest } = next;
  const healthy: ConnectionState = { ...rest, state: 'Healthy', since: time };
  if (incident === undefined) return healthy;
  const ended = { ...incident, ended: time, changes: incident.changes + 1 };
  return notified(healthy, 'recovered', time, ended, rules);
}

function notified(
  state: ConnectionState,
  type: NotificationType,
  time: string,
  { changes, ...incident }: Incident & { changes: number },
  { notify }: StateRules,
): ConnectionState {
  if (!notify) return state;
  const id = `${incident.id}-${changes}-${state.state}`;
  const notification: Notification = { id, type, time, state: state.state, since: state.since, incident };
  return { ...state, notifications: [...state.notifications, notification].slice(-MAX_WAITING) };
}

/** An incident as people see it. */
export function withoutChanges(incident: Incident & { changes?: number }): Incident {
  const kept = { ...incident };
  delete kept.changes;
  return kept;
}

/** The incident that a change from `before` to `after` opened, changed or ended. */
export function changedIncident(before: ConnectionState | undefined, after: ConnectionState): Incident | undefined {
  const incident = after.incident ?? (before?.incident && { ...before.incident, ended: after.since });
  if (incident === undefined || JSON.stringify(after.incident) === JSON.stringify(before?.incident)) return undefined;
  return withoutChanges(incident);
}

function failureReason(run: Run): Reason {
  const failed = run.actions.find(({ status }) => status === 'Failed' || status === 'TimedOut');
  return {
    runId: run.id,
    ...(failed ? { step: failed.name } : {}),
    code: failed?.error?.code ?? failed?.code ?? run.error?.code ?? run.status,
    message: short(failed?.error?.message ?? run.error?.message ?? `The run ended ${run.status}.`),
  };
}

function slowReason(run: Run): Reason {
  const slowest = run.actions.toSorted((a, b) => b.durationMs - a.durationMs)[0];
  return {
    runId: run.id,
    ...(slowest ? { step: slowest.name } : {}),
    code: 'OverBudget',
    message: `The run took ${run.durationMs ?? 0} ms${slowest ? `; its slowest step was ${slowest.name} with ${slowest.durationMs} ms` : ''}.`,
  };
}

const short = (message: string) =>
  message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH - 1)}…` : message;
