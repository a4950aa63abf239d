import type { HistoryPresence, PartitionOptions } from './tablePartition';
import { openTable, type TableStorage } from './openTable';
import type { Ledger } from '../runs/ledger';
import { MemoryLedger } from './memoryLedger';
import { MemoryRunStore } from './memoryRunStore';
import type { RunStore } from '../runs/runStore';
import type { StateRules } from '../runs/connectionState';
import type { StateStore } from '../runs/stateStore';
import { MemoryStates } from './memoryStates';
import { TablesStates } from './tablesStates';
import { TablesLedger } from './tablesLedger';
import { TablesRunStore } from './tablesRunStore';

/** The table's name in the account. */
export const TABLE_NAME = 'AcsIdentityRuns';

/** The place where runs are kept, with its credentials. */
export type HistoryPlace = { kind: 'memory' } | TableStorage;

/** The stored runs, and the ledger of the users that they created. */
export interface History {
  runs: RunStore;
  ledger: Ledger;
  states: StateStore;
  /**
   * How far this machine's clock is ahead of the storage's, in milliseconds, by the `Date` header of its last answer. `undefined` before the first answer,
   * and in memory.
   */
  clockSkewMs: () => number | undefined;
  /** What exists in the storage; `undefined` in memory. @throws AppError `StorageUnavailable` */
  presence: () => Promise<HistoryPresence | undefined>;
}

/**
 * The history at `place`. Makes no connection before the first use. `partitionKey` separates apps and workflows that share an account. `onOutcome`: see
 * {@link PartitionOptions}. `rules`: when the state of a connection changes.
 */
export function openHistory(
  place: HistoryPlace,
  partitionKey: string,
  onOutcome?: PartitionOptions['onOutcome'],
  rules: () => StateRules = () => ({ failuresUntilFailing: 1, notify: false }),
): History {
  if (place.kind === 'memory') {
    const ledger = new MemoryLedger();
    const store = new MemoryStates();
    return {
      runs: new MemoryRunStore(ledger, { store, rules }),
      ledger,
      states: store,
      clockSkewMs: () => undefined,
      presence: () => Promise.resolve(undefined),
    };
  }
  const opened = openTable(place, TABLE_NAME, onOutcome ? { onOutcome } : {});
  const table = opened.partition(partitionKey);
  const store = new TablesStates(table);
  return {
    runs: new TablesRunStore(table, { store, rules }),
    ledger: new TablesLedger(table),
    states: store,
    clockSkewMs: opened.clockSkewMs,
    presence: () => table.presence(),
  };
}
