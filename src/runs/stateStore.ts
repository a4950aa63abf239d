import type { ConnectionState, Incident } from './connectionState';

/** Filters of a list of incidents. Times are milliseconds since the epoch, `since` inclusive, `until` exclusive, both about its beginning. */
export interface IncidentQuery {
  connection?: string | undefined;
  since?: number | undefined;
  until?: number | undefined;
  /** Maximum number of incidents, 1 to 250. Default: 25. */
  top?: number | undefined;
}

/**
 * Stores the state of each connection, and its incidents. The end of a scheduled run changes the state in the same change that saves the run, so neither a
 * crash nor a second instance loses a change or makes it twice. Every method rejects with an AppError: `StorageUnavailable` (503) or `Misconfigured` (500).
 */
export interface StateStore {
  /** The state of a connection; `undefined` if nothing is known yet. */
  get(connection: string): Promise<ConnectionState | undefined>;
  /**
   * Changes the state of a connection, if `change` returns a new one. It is called again if another process has changed the state meanwhile, so it must have
   * no effects. Returns the state that is stored now, and whether this call has changed it.
   */
  update(
    connection: string,
    change: (before: ConnectionState | undefined) => ConnectionState | undefined,
  ): Promise<{ state: ConnectionState | undefined; changed: boolean }>;
  /** Incidents, newest first. */
  incidents(query: IncidentQuery): Promise<Incident[]>;
  /** Has a run that this process has saved left notifications to be sent? Costs nothing. */
  hasWaiting(connection: string): boolean;
}
