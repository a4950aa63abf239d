import type { ConnectionState, Incident } from '../runs/connectionState';
import { DEFAULT_TOP } from '../runs/runStore';
import type { IncidentQuery, StateStore } from '../runs/stateStore';
import type { TablePartition } from './tablePartition';
import { sinceKey, untilKey } from './runRows';
import { INCIDENT, incidentOf, readState, stateChanges } from './stateRows';
import { isConflict } from './tableErrors';

/** Maximum number of retries of a change after a conflict with another process. */
const MAX_RETRIES = 5;

/** Keeps the states of connections in the table of the runs. */
export class TablesStates implements StateStore {
  /** Connections whose last saved run left notifications to be sent. */
  private readonly waiting = new Set<string>();

  constructor(private readonly table: TablePartition) {}

  get(connection: string): Promise<ConnectionState | undefined> {
    return this.table.bounded(async (rows) => this.noted((await readState(rows, connection)).state));
  }

  update(connection: string, change: (before: ConnectionState | undefined) => ConnectionState | undefined) {
    return this.table.bounded(async (rows) => {
      for (let retries = 0; ; retries += 1) {
        const before = await readState(rows, connection);
        const state = change(before.state);
        if (state === undefined) return { state: this.noted(before.state), changed: false };
        try {
          await rows.change(stateChanges(rows.partitionKey, before, state));
          return { state: this.noted(state), changed: true };
        } catch (error) {
          if (retries >= MAX_RETRIES || !isConflict(error)) throw error;
        }
      }
    });
  }

  incidents({ connection, since, until, top = DEFAULT_TOP }: IncidentQuery): Promise<Incident[]> {
    return this.table.bounded(async (rows) => {
      const found: Incident[] = [];
      const range = {
        above: INCIDENT + (until === undefined ? '0' : untilKey(until)),
        below: INCIDENT + (since === undefined ? ':' : sinceKey(since)),
        select: ['incident', 'connection'],
        pageSize: 250,
      };
      for await (const page of rows.pages(range)) {
        for (const row of page) {
          if (connection === undefined || row.connection === connection) found.push(incidentOf(row));
          if (found.length === top) return found;
        }
      }
      return found;
    });
  }

  hasWaiting(connection: string): boolean {
    return this.waiting.has(connection);
  }

  /** Notes whether notifications of this state wait to be sent. */
  noted(state: ConnectionState | undefined): ConnectionState | undefined {
    if (state !== undefined) {
      if (state.notifications.length > 0) this.waiting.add(state.connection);
      else this.waiting.delete(state.connection);
    }
    return state;
  }
}
