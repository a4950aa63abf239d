import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { history } from '../history';
import { CONNECTION_STATES } from '../runs/values';
import { countEntries } from '../runs/ledger';
import type { RunStatus } from '../runs/run';
import { RUN_STATUSES } from '../runs/values';
import { addTally, emptyTally, summaryOfTally } from '../runs/statistics';
import type { ConnectionStatus } from '../runs/connectionState';
import { connectionStatuses } from './connectionStatus';

const CACHE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Gauge {
  help: string;
  values: { labels: Record<string, string>; value: number | null | undefined }[];
}

let cached: { until: number; text: Promise<string> } | undefined;

/**
 * Gauges in the text format of Prometheus, all derived from the shared history, so that every instance shows the same. Kept for 60 s.
 * @throws AppError `StorageUnavailable`
 */
export function metrics(log: Pick<RunLog, 'warn'>): Promise<string> {
  const now = performance.now();
  if (cached === undefined || now >= cached.until) {
    const text = readMetrics(log, Date.now());
    cached = { until: now + CACHE_MS, text };
    text.catch(() => (cached = undefined));
  }
  return cached.text;
}

async function readMetrics(log: Pick<RunLog, 'warn'>, now: number): Promise<string> {
  const gauges = new Map<string, Gauge>();
  const add: Add = (name, help, labels, value) => {
    const fullName = `acs_identity_${name}`;
    const gauge = gauges.get(fullName) ?? { help, values: [] };
    gauge.values.push({ labels, value });
    gauges.set(fullName, gauge);
  };
  for (const status of await connectionStatuses(log, now)) await addConnection(status, now, add);
  return [...gauges]
    .flatMap(([name, { help, values }]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...values.flatMap(({ labels, value }) =>
        value === null || value === undefined || Number.isNaN(value) ? [] : [`${name}${labelText(labels)} ${value}`],
      ),
    ])
    .concat('')
    .join('\n');
}

type Add = (name: string, help: string, labels: Record<string, string>, value: number | null | undefined) => void;

async function addConnection(status: ConnectionStatus, now: number, add: Add): Promise<void> {
  const { connection } = status;
  const { runs, ledger } = history();
  const [lastHour, hours, left, unknown] = await Promise.all([
    runs.list({ connection, since: now - HOUR_MS, top: 250 }),
    runs.hours({ connection, since: now - 24 * HOUR_MS, until: now + HOUR_MS }),
    countEntries(ledger, { startedBefore: now - LIMITS.runOverMs, connection }),
    runs.unknown({ connection, since: now - 24 * HOUR_MS, until: now + HOUR_MS }),
  ]);
  const day = emptyTally();
  for (const hour of hours) addTally(day, hour);
  const { durationMs } = summaryOfTally(day);
  const inLastHour = (wanted: RunStatus) => lastHour.value.filter((run) => run.status === wanted).length;
  for (const one of RUN_STATUSES) {
    const help = 'Runs that started in the window, by status.';
    add('runs', help, { connection, status: one, window: '1h' }, inLastHour(one));
    if (one !== 'Running') add('runs', help, { connection, status: one, window: '24h' }, day.counts[one]);
  }
  add(
    'run_duration_p50_seconds',
    'Median duration of the runs of the last 24 hours.',
    { connection },
    seconds(durationMs?.p50),
  );
  add(
    'run_duration_p95_seconds',
    '95th percentile of the duration of the runs of the last 24 hours.',
    { connection },
    seconds(durationMs?.p95),
  );
  for (const state of [...CONNECTION_STATES, 'Off']) {
    add(
      'state',
      'The state of the connection: 1 for the present one.',
      { connection, state },
      status.state === state ? 1 : 0,
    );
  }
  add('state_since_timestamp_seconds', 'When the present state began.', { connection }, timestamp(status.since));
  add(
    'consecutive_failures',
    'Scheduled runs that failed one after the other, up to the last one.',
    { connection },
    status.consecutiveFailures,
  );
  add(
    'last_run_timestamp_seconds',
    'When the last scheduled run started.',
    { connection },
    timestamp(status.lastRun?.startTime),
  );
  add(
    'last_success_timestamp_seconds',
    'When the last scheduled run that succeeded ended.',
    { connection },
    timestamp(status.lastSuccess),
  );
  add('next_run_timestamp_seconds', 'When the next scheduled run is due.', { connection }, timestamp(status.nextRun));
  add('users_left_behind', 'Users of runs that still exist although their run is over.', { connection }, left.count);
  add(
    'users_unknown',
    'Runs of the last 24 hours after which ACS may have a user whose id nobody knows.',
    { connection },
    unknown,
  );
}

const seconds = (ms: number | undefined) => ms && ms / 1000;
const timestamp = (time: string | null | undefined) => (time ? Date.parse(time) / 1000 : undefined);

/** Label values are names of connections and states, which need no escaping; quotes are escaped all the same. */
const labelText = (labels: Record<string, string>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`)
    .join(',')}}`;
