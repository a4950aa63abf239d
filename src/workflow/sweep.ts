import { isAppError } from '../errors';
import type { Ledger, LedgerEntry } from '../history/ledger';
import type { RunStore } from '../history/runStore';
import type { IdentityActions } from '../identity/identityActions';
import { LIMITS } from '../limits';
import type { Run } from './runRecord';

export interface SweepOptions {
  ledger: Pick<Ledger, 'list' | 'strike'>;
  runs: Pick<RunStore, 'list' | 'get' | 'save' | 'close'>;
  /** @throws AppError when the connection is unknown or misconfigured */
  actionsOn: (connection: string) => Promise<Pick<IdentityActions, 'deleteUser'>>;
  /** The ACS resource that a connection points at, where that is known: from the user of a run that has just been made. */
  resourceOf?: (connection: string) => string | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** The time for all of it, in milliseconds. */
  limitMs: number;
}

/** A user that could not be deleted, and why. */
export interface LeftUser extends LedgerEntry {
  reason: string;
}

export interface SweepReport {
  /** Users that runs had left and that are deleted now. */
  deleted: number;
  /** Users that runs left, still. */
  left: LeftUser[];
  /** Runs whose process had died: they are Aborted now. */
  closed: number;
  /** Was the time too short for all of it? The rest is done next time. */
  isCutShort: boolean;
}

/** Deletions at a time: ACS counts all calls of a resource. */
const AT_ONCE = 4;

/**
 * Deletes the users that earlier runs left behind, and closes the runs that died: those that are too old to be still running.
 * @throws AppError `StorageUnavailable`
 */
export async function sweep(options: SweepOptions): Promise<SweepReport> {
  const { ledger, now = Date.now } = options;
  const deadline = now() + options.limitMs;
  const over = now() - LIMITS.runOverMs;
  const left: LeftUser[] = [];
  const gone: LedgerEntry[] = [];
  const waiting = await ledger.list({ startedBefore: over });
  let isCutShort = false;
  const worker = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      if (now() >= deadline) {
        isCutShort = true;
        left.push({ ...entry, reason: 'there was no time left to delete it' });
        continue;
      }
      const reason = await remove(entry, options, deadline - now());
      if (reason === undefined) gone.push(entry);
      else left.push({ ...entry, reason });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await noteCleaned(gone, left, options);
  const closed = await closeDead(left, gone, over, deadline, options);
  return { deleted: gone.length, left, closed: closed.count, isCutShort: isCutShort || closed.isCutShort };
}

/** Deletes one user and strikes it off. Returns the reason when it could not. */
async function remove(
  entry: LedgerEntry,
  { actionsOn, resourceOf, ledger }: SweepOptions,
  leftMs: number,
): Promise<string | undefined> {
  const current = resourceOf?.(entry.connection);
  if (current !== undefined && current !== entry.resourceId) return foreign(entry);
  try {
    const actions = await actionsOn(entry.connection);
    const timeoutMs = Math.min(leftMs, LIMITS.callMs);
    await actions.deleteUser({ userId: entry.userId }, { timeoutMs, clientTrackingId: entry.runId });
  } catch (error) {
    const { code, message } = isAppError(error) ? error : { code: 'InternalError', message: 'the deletion failed' };
    if (code !== 'UserNotFound') return `${code}: ${message}`;
    // of this resource, and unknown to it: somebody has deleted it. Else it may be of another one
    if (current === undefined)
      return `ACS says that it is no user of the resource that connection ${entry.connection} points at: it belongs to another one, or was deleted`;
  }
  await ledger.strike(entry);
  return undefined;
}

const foreign = ({ connection, resourceId }: LedgerEntry) =>
  `it belongs to the ACS resource ${resourceId}, and connection ${connection} now points at another one: delete it there, with that resource's credentials`;

/** Runs that had left users, and have none left now, are clean. */
async function noteCleaned(gone: LedgerEntry[], left: LeftUser[], { runs }: SweepOptions): Promise<void> {
  const stillLeft = new Set(left.map(({ runId }) => runId));
  for (const runId of new Set(gone.map((entry) => entry.runId))) {
    if (stillLeft.has(runId)) continue;
    const run = await runs.get(runId);
    if (run?.cleanup !== 'Pending') continue;
    const cleaned: Run = { ...run, cleanup: 'Clean' };
    delete cleaned.usersLeftBehind;
    await runs.save(cleaned);
  }
}

async function closeDead(
  left: LeftUser[],
  gone: LedgerEntry[],
  over: number,
  deadline: number,
  { runs, now = Date.now }: SweepOptions,
): Promise<{ count: number; isCutShort: boolean }> {
  let count = 0;
  for (;;) {
    const { value, continuationToken } = await runs.list({ status: 'Running', until: over, top: 250 });
    let closedHere = 0;
    for (const { id } of value) {
      if (now() >= deadline) return { count, isCutShort: true };
      const run = await runs.get(id);
      if (run && (await runs.close(aborted(run, left, gone)))) closedHere += 1;
    }
    count += closedHere;
    // those that were closed are no longer found
    if (continuationToken === undefined || closedHere === 0) return { count, isCutShort: false };
  }
}

function aborted(run: Run, left: LeftUser[], gone: LedgerEntry[]): Run {
  const ofRun = ({ runId }: LedgerEntry) => runId === run.id;
  const usersLeftBehind = left.filter(ofRun).map(({ userId }) => userId);
  const closed: Run = {
    ...run,
    status: 'Aborted',
    cleanup: usersLeftBehind.length > 0 ? 'Pending' : gone.some(ofRun) ? 'Clean' : 'NotNeeded',
    error: { code: 'RunAborted', message: 'The process that ran it ended before the run did.' },
  };
  return usersLeftBehind.length > 0 ? { ...closed, usersLeftBehind } : closed;
}
