import type { TransactionAction } from '@azure/data-tables';
import type { TablePartition } from '../../src/history/tablePartition';
import { addToHour, hourRow, type TalliesOfHour } from '../../src/history/hourRows';
import { indexRows, runRow, type RunRow } from '../../src/history/runRows';
import { endOf, hourOf } from '../../src/runs/statistics';
import type { Run } from '../../src/runs/run';

/** Rows of one transaction. */
const AT_ONCE = 100;

/** Writes the rows that runs have once they are saved: their own and those of the indexes. */
export async function seedRuns(table: TablePartition, runs: readonly Run[]): Promise<void> {
  const { partitionKey } = table;
  await writeRows(
    table,
    runs.flatMap((run) => [runRow(partitionKey, run), ...indexRows(partitionKey, run)]),
  );
}

/** Writes the rows of the hours that runs began in, as they are when the ends of the runs were folded into them. */
export async function seedHours(table: TablePartition, runs: readonly Run[]): Promise<void> {
  const hours = new Map<number, TalliesOfHour>();
  for (const run of runs) {
    const end = endOf(run);
    if (end === undefined) continue;
    const tallies = hours.get(hourOf(end.startMs)) ?? {};
    addToHour(tallies, end);
    hours.set(hourOf(end.startMs), tallies);
  }
  await writeRows(
    table,
    [...hours].map(([startMs, tallies]) => hourRow(table.partitionKey, startMs, tallies)),
  );
}

/** Azurite looks through a whole partition for each row that it takes, so many rows take their time. */
async function writeRows(table: TablePartition, rows: readonly RunRow[]): Promise<void> {
  await table.bounded(async (some) => void (await some.get('0')));
  for (let i = 0; i < rows.length; i += AT_ONCE) {
    const batch = rows.slice(i, i + AT_ONCE);
    const changes = batch.map((row): TransactionAction => ['create', row]);
    await table.bounded(async (some) => void (await some.change(changes)));
  }
}
