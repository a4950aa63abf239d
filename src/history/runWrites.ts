import type { TransactionAction } from '@azure/data-tables';
import { isUnknown } from '../runs/cleanup';
import { entriesOf } from '../runs/ledger';
import type { Run } from '../runs/run';
import { endedRow, isEnd } from './hourRows';
import { indexRows, runRow, statusKey, type RunRow } from './runRows';
import type { Row, Rows } from './tableRows';
import { ledgerKey, ledgerRow } from './tablesLedger';

/** The last known state of a run's row. A change is made only if the row is still in this state. */
export interface Seen {
  etag: string;
  status: string;
  /** Missing in rows of older versions. */
  cleanup: string | undefined;
  cancelRequested?: boolean;
}

/** Maximum number of users that one transaction adds, and that it removes. Azure allows 100 changes. */
export const MAX_USERS = 40;
/** Key prefix: a row for each ended run with the cleanup state `Unknown`. */
export const UNKNOWN = 'u!';

/** The state of a run's row; `undefined` if there is none. */
export async function look(rows: Rows, id: string): Promise<Seen | undefined> {
  const row = await rows.get(id, ['status', 'cleanup', 'cancelRequested']);
  return row && seenOf(row);
}

export const seenOf = ({ etag, status, cleanup, cancelRequested }: Row): Seen => ({
  cancelRequested: cancelRequested === true,
  etag,
  status: String(status),
  cleanup: typeof cleanup === 'string' ? cleanup : undefined,
});

/**
 * Writes a run, its index rows, its result for the statistics and its ledger entries in one transaction. `deleted`: users of the run that are in the ledger
 * and no longer exist. `more`: changes of other rows. Returns the new ETag of the run's row.
 */
export async function write(
  rows: Rows,
  run: Run,
  seen: Seen | undefined,
  deleted: readonly string[] = [],
  more: readonly TransactionAction[] = [],
): Promise<string> {
  const { partitionKey } = rows;
  const row = runRow(partitionKey, run);
  // the index rows of a running run don't change: lists show only that it is running
  if (run.status === 'Running' && seen?.status === 'Running') return rows.update(row, seen.etag);
  const upsert = (one: RunRow): TransactionAction => ['upsert', one, 'Replace'];
  const remove = (rowKey: string): TransactionAction => ['delete', { partitionKey, rowKey }];
  const changes: TransactionAction[] = [
    seen ? ['update', row, 'Replace', { etag: seen.etag }] : ['create', row],
    ...indexRows(partitionKey, run).map(upsert),
    ...deleted.slice(0, MAX_USERS).map((userId) => remove(ledgerKey({ runId: run.id, userId }))),
  ];
  if (seen && seen.status !== run.status) changes.push(remove(`${statusKey(seen.status)}${run.id}`));
  if (isEnd(run.status)) {
    const entries = entriesOf(run).map(ledgerRow);
    // entries that don't fit into the transaction are written before it
    for (const entry of entries.slice(MAX_USERS)) await rows.upsert(entry);
    changes.push(...entries.slice(0, MAX_USERS).map((entry) => upsert({ partitionKey, ...entry })));
    if (seen?.status !== run.status) changes.push(upsert(endedRow(partitionKey, run, run.status, seen?.status)));
    const unknownKey = `${UNKNOWN}${run.id}`;
    if (isUnknown(run)) changes.push(upsert({ partitionKey, rowKey: unknownKey, connection: run.connection }));
    else if (seen && isEnd(seen.status) && seen.cleanup === 'Unknown') changes.push(remove(unknownKey));
  }
  return rows.change([...changes, ...more]);
}
