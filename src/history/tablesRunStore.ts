import type { TransactionAction } from '@azure/data-tables';
import { isRunId } from '../runId';
import type { Run } from '../workflow/runRecord';
import { isConflict, type HistoryTable, type Rows } from './historyTable';
import { endedRow, isEnd } from './hourRows';
import { indexRows, keyRange, keysOfRun, runOf, runRow, statusKey, untilKey } from './runRows';
import { passes } from './runSummary';
import { DEFAULT_TOP, type HoursQuery, type RunPage, type RunQuery, type RunStore } from './runStore';
import type { HourOfRuns } from './runStatistics';
import { foldEnded, readHours, trimHours } from './tablesHours';

/** A row as it was last seen: what a change of it must start from. */
interface Seen {
  etag: string;
  status: string;
}

/** Rows that one page reads at the most when several filters are given at once. */
const MAX_SCANNED = 2_000;
/** Runs whose rows are deleted in one transaction: each has four. */
const RUNS_AT_ONCE = 25;

/** Keeps runs in an Azure table. Every query is a range of keys; nothing is found by looking through rows. */
export class TablesRunStore implements RunStore {
  readonly kind = 'tables';
  /** Runs that this process has begun and not ended. */
  private readonly running = new Map<string, Seen>();

  constructor(private readonly table: HistoryTable) {}

  async save(run: Run): Promise<void> {
    await this.table
      .bounded(async (rows) => {
        let seen = this.running.get(run.id) ?? (run.status === 'Running' ? undefined : await look(rows, run.id));
        for (let tries = 0; ; tries += 1) {
          try {
            const etag = await write(rows, run, seen);
            if (run.status === 'Running') this.running.set(run.id, { etag, status: run.status });
            return;
          } catch (error) {
            // somebody else closed the run meanwhile: this is its real verdict, so look again and replace theirs
            if (tries >= 3 || !isConflict(error)) throw error;
            seen = await look(rows, run.id);
          }
        }
      })
      .finally(() => {
        if (run.status !== 'Running') this.running.delete(run.id);
      });
  }

  async close(run: Run): Promise<boolean> {
    return this.table.bounded(async (rows) => {
      const seen = await look(rows, run.id);
      if (seen?.status !== 'Running') return false;
      try {
        await write(rows, run, seen);
        return true;
      } catch (error) {
        // its own process ended it at this moment after all
        if (isConflict(error)) return false;
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
    const { prefix, above, below, rest } = keyRange(query);
    const top = query.top ?? DEFAULT_TOP;
    return this.table.bounded(async (rows) => {
      const value: Run[] = [];
      let scanned = 0;
      let last = '';
      for await (const page of rows.pages({ above, below, select: ['summary'], pageSize: rest ? 250 : top + 1 })) {
        for (const row of page) {
          if (value.length === top || scanned === MAX_SCANNED) return { value, continuationToken: last };
          scanned += 1;
          last = row.rowKey.slice(prefix.length);
          const run = JSON.parse(String(row.summary)) as Run;
          if (!rest || passes(run, query)) value.push(run);
        }
      }
      return { value };
    });
  }

  async hours(query: HoursQuery): Promise<HourOfRuns[]> {
    return this.table.bounded((rows) => readHours(rows, query));
  }

  async maintain(keepFrom: number, limitMs: number): Promise<number> {
    return this.table.bounded(async (rows) => {
      // what is not done in time is left to the next time, and what was done is told
      const until = Date.now() + 0.8 * limitMs;
      await foldEnded(rows, { until });
      let deleted = 0;
      for await (const page of rows.pages({ above: untilKey(keepFrom), below: ':', select: ['summary'] })) {
        const runs = page.map(({ summary }) => JSON.parse(String(summary)) as Run);
        for (let i = 0; i < runs.length; i += RUNS_AT_ONCE) {
          const some = runs.slice(i, i + RUNS_AT_ONCE);
          await rows.deleteAll(some.flatMap((run) => keysOfRun(rows.partitionKey, run)));
          deleted += some.length;
          if (Date.now() > until) return deleted;
        }
      }
      await trimHours(rows, keepFrom);
      return deleted;
    }, limitMs);
  }

  async check(): Promise<void> {
    await this.table.bounded((rows) => look(rows, '0'));
  }
}

async function look(rows: Rows, id: string): Promise<Seen | undefined> {
  const row = await rows.get(id, ['status']);
  return row && { etag: row.etag, status: String(row.status) };
}

/** Writes a run with its index rows, and its end for the statistics, all or nothing. Returns the row's new ETag. */
async function write(rows: Rows, run: Run, seen: Seen | undefined): Promise<string> {
  const { partitionKey } = rows;
  const row = runRow(partitionKey, run);
  const changes: TransactionAction[] = [
    seen ? ['update', row, 'Replace', { etag: seen.etag }] : ['create', row],
    ...indexRows(partitionKey, run).map((index): TransactionAction => ['upsert', index, 'Replace']),
  ];
  if (seen && seen.status !== run.status)
    changes.push(['delete', { partitionKey, rowKey: `${statusKey(seen.status)}${run.id}` }]);
  if (isEnd(run.status) && seen?.status !== run.status) {
    changes.push(['upsert', endedRow(partitionKey, run, run.status, seen?.status), 'Replace']);
  }
  return rows.change(changes, run.id);
}
