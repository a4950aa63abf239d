import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { stateRules } from '../base/operationsSettings';
import { readSchedule } from '../base/schedule';
import { scheduleReport } from '../base/scheduleReport';
import { scheduleSettings, workflowSettings } from '../base/workflowSettings';
import { history } from '../history';
import {
  overdue,
  unknownState,
  withoutChanges,
  type ConnectionState,
  type ConnectionStatus,
} from '../runs/connectionState';
import { isBeingSent, sendNotifications } from './notifications';
import { plainTime } from './plainTime';

const OFF = 'off';

/**
 * The state of a connection. Notices that scheduled runs do not come, and sends notifications that wait. For functions that read the history anyway: it
 * costs one read, and more only if something has changed.
 * @throws AppError `StorageUnavailable`
 */
export async function connectionStatus(
  connection: string,
  log: Pick<RunLog, 'warn'>,
  now: number = Date.now(),
): Promise<ConnectionStatus> {
  const schedule = scheduleSettings();
  const { enabled, reason, nextRun } = scheduleReport(schedule, now);
  const { states } = history();
  let state = await states.get(connection);
  const expression = enabled ? (schedule.expression ?? OFF) : OFF;
  const time = new Date(now).toISOString();
  if (state?.schedule?.expression !== expression) {
    const change = (before: ConnectionState | undefined) => ({
      ...(before ?? unknownState(connection, time)),
      // a run before the first look shows that this schedule was on
      schedule: { expression, since: (before?.schedule === undefined && before?.lastRun?.startTime) || time },
    });
    ({ state } = await states.update(connection, change));
  }
  state ??= unknownState(connection, time);
  if (enabled && state.state !== 'Overdue') state = await markIfSilent(state, expression, now);
  if (state.notifications.length > 0 && !isBeingSent(state, now)) {
    await sendNotifications(connection, log, LIMITS.notifyWhileReadingMs);
  }
  return statusOf(state, { enabled, reason, nextRun });
}

/** The states of the connections that scheduled runs test. Empty if the setting that names them is malformed. @throws AppError `StorageUnavailable` */
export async function connectionStatuses(
  log: Pick<RunLog, 'warn'>,
  now: number = Date.now(),
  only?: string,
): Promise<ConnectionStatus[]> {
  const connections = scheduledConnections().filter((name) => only === undefined || name === only);
  return Promise.all(connections.map((connection) => connectionStatus(connection, log, now)));
}

/** Names of the connections that scheduled runs test; empty if the setting that names them is malformed. */
export function scheduledConnections(): string[] {
  try {
    return workflowSettings().connections;
  } catch {
    return [];
  }
}

/** For functions that read the history for something else: notices that scheduled runs do not come. Never rejects: they report storage themselves. */
export async function noticeSilence(log: Pick<RunLog, 'warn'>): Promise<void> {
  await connectionStatuses(log).catch(() => undefined);
}

function statusOf(
  state: ConnectionState,
  { enabled, reason, nextRun }: { enabled: boolean; reason: string | null; nextRun: string | null },
): ConnectionStatus {
  const { connection, consecutiveFailures, lastRun, lastSuccess, schedule } = state;
  const incident = state.incident && withoutChanges(state.incident);
  return {
    connection,
    state: enabled ? state.state : 'Off',
    since: enabled ? state.since : (schedule?.since ?? state.since),
    ...(reason === null ? {} : { reason }),
    consecutiveFailures,
    ...(lastRun ? { lastRun } : {}),
    ...(lastSuccess === undefined ? {} : { lastSuccess }),
    ...(incident ? { incident } : {}),
    nextRun,
  };
}

/** Changes the state to `Overdue` if two due times have passed without a scheduled run, and the time that one may take to start. */
async function markIfSilent(state: ConnectionState, expression: string, now: number): Promise<ConnectionState> {
  const isOverdue = (one: ConnectionState) => {
    const due = secondDue(one, expression);
    return due !== undefined && due + LIMITS.scheduledStartMs < now ? due : undefined;
  };
  if (isOverdue(state) === undefined || (await hasNewerRun(state))) return state;
  const time = new Date(now).toISOString();
  const changed = await history().states.update(state.connection, (before) => {
    const due = before && isOverdue(before);
    return before && due !== undefined && before.state !== 'Overdue'
      ? overdue(before, time, plainTime(new Date(due).toISOString()), stateRules())
      : undefined;
  });
  return changed.state ?? state;
}

/** The second due time after the last scheduled run, or after the schedule was seen first; `undefined` if there is none. */
function secondDue({ lastRun, schedule, since }: ConnectionState, expression: string): number | undefined {
  const starts = [lastRun?.startTime, schedule?.since ?? since].map((time) => Date.parse(time ?? ''));
  const from = new Date(Math.max(...starts.filter((time) => !Number.isNaN(time))));
  const timer = readSchedule(expression);
  const first = timer?.next(from);
  const second = first && timer?.next(first);
  return second?.getTime();
}

/** Is there a scheduled run that has started since, and is running or was aborted? Then the timer fires. */
async function hasNewerRun({ connection, lastRun, schedule }: ConnectionState): Promise<boolean> {
  const since = Date.parse(lastRun?.startTime ?? schedule?.since ?? '');
  const { value } = await history().runs.list({ connection, since: since + 1, top: 25 });
  return value.some(({ trigger }) => trigger.kind === 'Timer');
}
