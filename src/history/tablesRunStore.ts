import { isRunId } from '../runs/runId';
import type { Run } from '../runs/run';
import type { TablePartition } from './tablePartition';
import { isEnd } from './hourRows';
import { entriesOf, type LedgerEntry } from '../runs/ledger';
import { withoutUser } from '../runs/cleanup';
import { keyRange, keysOfRun, runOf, runRow, sinceKey, untilKey } from './runRows';
import { look, MAX_USERS, seenOf, UNKNOWN, write, type Seen } from './runWrites';
import { passes } from '../runs/summary';
import {
  DEFAULT_TOP,
  type HoursQuery,
  type RunPage,
  type RunQuery,
  type RunStore,
  type SaveResult,
} from '../runs/runStore';
import type { HourOfRuns } from '../runs/statistics';
import { foldEnded, readHours, trimHours } from './tablesHours';
import { INCIDENT, stateChangesOfRun } from './stateRows';
import { addOldUsersLeft } from './oldUsersLeft';
import { isConflict } from './tableErrors';
import { ledgerKey } from './tablesLedger';
import type { TablesStates } from './tablesStates';
import type { StateRules } from '../runs/connectionState';

/** Maximum number of retries of a change after a conflict with another process. */
const MAX_RETRIES = 3;

/** Maximum number of rows that are read for one page of a list with several filters. */
const MAX_SCANNED = 2_000;
/** Number of runs that are deleted in one transaction: each has four rows. */
const RUNS_AT_ONCE = 25;

/** Keeps runs in an Azure table. Every query is a range of keys. */
export class TablesRunStore implements RunStore {
  readonly kind = 'tables';
  /** The runs of this process that have not ended. */
  private readonly running = new Map<string, Seen>();

  /** `states`: where the end of a scheduled run changes the state of its connection, by these rules. */
  constructor(
    private readonly table: TablePartition,
    private readonly states?: { store: TablesStates; rules: () => StateRules },
  ) {}

  async save(run: Run, deleted: readonly string[] = []): Promise<SaveResult> {
    return this.table
      .bounded(async (rows) => {
        let seen = this.running.get(run.id) ?? (run.status === 'Running' ? undefined : await look(rows, run.id));
        for (let retries = 0; ; retries += 1) {
          try {
            const counted =
              this.states && !(seen && isEnd(seen.status) && seen.status !== 'Aborted')
                ? await stateChangesOfRun(rows, run, this.states.rules())
                : undefined;
            const etag = await write(rows, run, seen, retries === 0 ? deleted : [], counted?.changes);
            this.states?.store.noted(counted?.state);
            if (run.status === 'Running') this.running.set(run.id, { etag, status: run.status, cleanup: run.cleanup });
            // the users that were not part of the transaction
            const others = retries === 0 ? deleted.slice(MAX_USERS) : deleted;
            for (const userId of others) await rows.delete(ledgerKey({ runId: run.id, userId }));
            return 'saved' as const;
          } catch (error) {
            // a ledger entry is missing, or another process has closed the run as dead: this result is the real one, so it replaces that
            if (retries >= MAX_RETRIES || !isConflict(error)) throw error;
            seen = await look(rows, run.id);
            // a running run does not replace an ended one
            if (run.status === 'Running' && seen !== undefined && isEnd(seen.status)) return 'saved';
            if (run.status === 'Running' && seen?.cancelRequested && !run.cancelRequested) {
              this.running.set(run.id, seen);
              return 'cancelRequested';
            }
          }
        }
      })
      .finally(() => {
        if (run.status !== 'Running') this.running.delete(run.id);
      });
  }

  async requestCancel(id: string): Promise<'requested' | 'ended' | 'notFound'> {
    if (!isRunId(id)) return 'notFound';
    return this.table.bounded(async (rows) => {
      for (let retries = 0; ; retries += 1) {
        const row = await rows.get(id);
        if (row === undefined) return 'notFound';
        const run = runOf(row);
        if (run.status !== 'Running') return 'ended';
        try {
          await rows.update(runRow(rows.partitionKey, { ...run, cancelRequested: true }), row.etag);
          return 'requested';
        } catch (error) {
          // the run has saved its progress or its end meanwhile
          if (retries >= MAX_RETRIES || !isConflict(error)) throw error;
        }
      }
    });
  }

  async cleaned(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void> {
    await this.table.bounded(async (rows) => {
      for (let retries = 0; isRunId(entry.runId) && retries <= MAX_RETRIES; retries += 1) {
        const row = await rows.get(entry.runId);
        const run = row && withoutUser(runOf(row), entry.userId);
        if (!run) break;
        try {
          // a missing entry makes the transaction fail, so retries leave the entry out and delete it separately
          await write(rows, run, seenOf(row), retries === 0 ? [entry.userId] : []);
          if (retries === 0) return;
          break;
        } catch (error) {
          // another process has changed the run meanwhile, perhaps because another of its users was deleted
          if (!isConflict(error) || retries === MAX_RETRIES) throw error;
        }
      }
      await rows.delete(ledgerKey(entry));
    });
  }

  async close(run: Run): Promise<LedgerEntry[] | undefined> {
    return this.table.bounded(async (rows) => {
      const seen = await look(rows, run.id);
      if (seen?.status !== 'Running') return undefined;
      try {
        await write(rows, run, seen);
        return entriesOf(run);
      } catch (error) {
        // its own process has ended it at the same time
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  }

  async get(id: string): Promise<Run | undefined> {
    if (!isRunId(id)) return undefined;
    return this.table.bounded(async (rows) => {
      const row = await rows.get(id);
      return row && runOf(row);
    });
  }

  async list(query: RunQuery): Promise<RunPage> {
    const { prefix, above, below, hasMoreFilters } = keyRange(query);
    const top = query.top ?? DEFAULT_TOP;
    return this.table.bounded(async (rows) => {
      const value: Run[] = [];
      let scanned = 0;
      let last = '';
      for await (const page of rows.pages({
        above,
        below,
        select: ['summary'],
        pageSize: hasMoreFilters ? 250 : top + 1,
      })) {
        for (const row of page) {
          if (value.length === top || scanned === MAX_SCANNED) return { value, continuationToken: last };
          scanned += 1;
          last = row.rowKey.slice(prefix.length);
          const run = JSON.parse(String(row.summary)) as Run;
          if (!hasMoreFilters || passes(run, query)) value.push(run);
        }
      }
      return { value };
    });
  }

  async hours(query: HoursQuery): Promise<HourOfRuns[]> {
    return this.table.bounded((rows) => readHours(rows, query));
  }

  async unknown({ since, until, connection }: HoursQuery): Promise<number> {
    return this.table.bounded(async (rows) => {
      const range = { above: UNKNOWN + untilKey(until), below: UNKNOWN + sinceKey(since), select: ['connection'] };
      const found = await rows.all(range);
      return found.filter((row) => connection === undefined || row.connection === connection).length;
    });
  }

  async maintain(keepFrom: number, limitMs: number): Promise<number> {
    return this.table.bounded(async (rows) => {
      // stop early enough; the next call continues
      const until = performance.now() + 0.8 * limitMs;
      await foldEnded(rows, { until });
      await addOldUsersLeft(rows, until);
      let deleted = 0;
      for await (const page of rows.pages({ above: untilKey(keepFrom), below: ':', select: ['summary'] })) {
        const runs = page.map(({ summary }) => JSON.parse(String(summary)) as Run);
        for (let i = 0; i < runs.length; i += RUNS_AT_ONCE) {
          const some = runs.slice(i, i + RUNS_AT_ONCE);
          await rows.deleteAll(some.flatMap((run) => keysOfRun(rows.partitionKey, run)));
          deleted += some.length;
          if (performance.now() > until) return deleted;
        }
      }
      await trimHours(rows, keepFrom);
      const unknown = await rows.all({ above: UNKNOWN + untilKey(keepFrom), below: `${UNKNOWN}:`, select: [] });
      await rows.deleteAll(unknown.map(({ rowKey }) => rowKey));
      // incidents are as old as their runs, so there are none to look for without old runs
      if (deleted > 0) {
        const incidents = await rows.all({ above: INCIDENT + untilKey(keepFrom), below: `${INCIDENT}:`, select: [] });
        await rows.deleteAll(incidents.map(({ rowKey }) => rowKey));
      }
      return deleted;
    }, limitMs);
  }

  async check(): Promise<void> {
    await this.table.bounded((rows) => look(rows, '0'));
  }
}
