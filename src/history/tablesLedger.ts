import { LIMITS } from '../base/limits';
import type { TablePartition } from './tablePartition';
import type { Ledger, LedgerEntry, LedgerQuery } from '../runs/ledger';
import { untilKey } from './runRows';

const PREFIX = 'l!';

/** Keys sort by run, so that the entries of old runs are a range. */
export const ledgerKey = ({ runId, userId }: Pick<LedgerEntry, 'runId' | 'userId'>) =>
  `${PREFIX}${runId}!${Buffer.from(userId).toString('base64url')}`;

export const ledgerRow = (entry: LedgerEntry) => ({ rowKey: ledgerKey(entry), entry: JSON.stringify(entry) });

/** Keeps the ledger in the table of the runs, one row for each user. */
export class TablesLedger implements Ledger {
  constructor(private readonly table: TablePartition) {}

  async add(entry: LedgerEntry): Promise<void> {
    await this.table.bounded((rows) => rows.upsert(ledgerRow(entry)), LIMITS.ledgerMs);
  }

  async remove(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void> {
    await this.table.bounded((rows) => rows.delete(ledgerKey(entry)), LIMITS.ledgerMs);
  }

  async list({ startedBefore, top = Infinity }: LedgerQuery): Promise<LedgerEntry[]> {
    const range = { above: PREFIX + untilKey(startedBefore), below: `${PREFIX}:`, select: ['entry'] };
    return this.table.bounded(async (rows) => {
      const entries: LedgerEntry[] = [];
      for await (const page of rows.pages({ ...range, pageSize: Math.min(top, 1000) })) {
        entries.push(...page.map(({ entry }) => JSON.parse(String(entry)) as LedgerEntry));
        if (entries.length >= top) break;
      }
      return entries.slice(0, top);
    });
  }
}
