import { entriesOf } from '../runs/ledger';
import type { Run } from '../runs/run';
import { isEnd } from './hourRows';
import type { Rows } from './tableRows';
import { ledgerRow } from './tablesLedger';

/** Key of a row: up to which run {@link addOldUsersLeft} has looked. */
const MARKER = 'm!usersLeft';

/**
 * Adds the users of runs of older versions to the ledger. Those versions did not add them when a run ended, so they may be missing. Reads all runs, once for
 * each history.
 */
export async function addOldUsersLeft(rows: Rows, until: number): Promise<void> {
  const marker = await rows.get(MARKER, ['above']);
  const above = typeof marker?.above === 'string' ? marker.above : '0';
  if (above === ':') return;
  for await (const page of rows.pages({ above, below: ':', select: ['summary'], pageSize: 250 })) {
    for (const { summary } of page) {
      const run = JSON.parse(String(summary)) as Run;
      if (isEnd(run.status)) for (const entry of entriesOf(run)) await rows.upsert(ledgerRow(entry));
    }
    const last = page.at(-1)?.rowKey;
    if (last !== undefined) await rows.upsert({ rowKey: MARKER, above: last });
    if (performance.now() > until) return;
  }
  await rows.upsert({ rowKey: MARKER, above: ':' });
}
