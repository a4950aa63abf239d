import type * as v from 'valibot';
import { AppError } from '../base/errors';
import type { RunLog } from '../base/log';
import { OPERATIONS_SETTINGS } from '../base/operationsSettings';
import { readSetting } from '../base/settings';
import { unknownConnection } from '../identity/connections';
import type { ConnectionStatus } from '../runs/connectionState';
import { connectionStatus, scheduledConnections } from './connectionStatus';
import type * as outputs from './outputs';

/** How long a badge is kept, in seconds, here and by those who show it. */
export const BADGE_SECONDS = 60;

/** A badge in the form of the endpoint of shields.io. */
export type Badge = v.InferOutput<typeof outputs.badge>;

const COLOURS: Record<ConnectionStatus['state'], string> = {
  Unknown: 'lightgrey',
  Healthy: 'brightgreen',
  Slow: 'yellow',
  Failing: 'red',
  Overdue: 'red',
  Off: 'lightgrey',
};

const kept = new Map<string, { until: number; badge: Promise<Badge> }>();

/**
 * The state of a connection, and nothing else, for anybody.
 * @throws AppError `NotEnabled` (404) unless `PUBLIC_STATUS` is true, `UnknownConnection` (400)
 */
export async function badge(connection: string | undefined, log: Pick<RunLog, 'warn'>): Promise<Badge> {
  if (readSetting(OPERATIONS_SETTINGS, 'PUBLIC_STATUS') !== 'true') {
    throw new AppError(
      404,
      'NotEnabled',
      "The badge is off. Set 'PUBLIC_STATUS' to true to show the state to anybody.",
      {
        target: 'PUBLIC_STATUS',
      },
    );
  }
  const known = scheduledConnections();
  const name = connection ?? known[0] ?? '';
  if (!known.includes(name)) throw unknownConnection(known);
  const now = performance.now();
  let one = kept.get(name);
  if (one === undefined || now >= one.until) {
    one = { until: now + BADGE_SECONDS * 1000, badge: makeBadge(name, log) };
    kept.set(name, one);
  }
  return one.badge;
}

async function makeBadge(connection: string, log: Pick<RunLog, 'warn'>): Promise<Badge> {
  const state = await connectionStatus(connection, log).then(
    (status) => status.state,
    () => 'Unknown' as const,
  );
  return {
    schemaVersion: 1,
    label: 'ACS identity',
    message: state.toLowerCase(),
    color: COLOURS[state],
    ...(state === 'Failing' || state === 'Overdue' ? { isError: true } : {}),
    cacheSeconds: BADGE_SECONDS,
  };
}
