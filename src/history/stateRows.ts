import type { TransactionAction } from '@azure/data-tables';
import {
  afterRun,
  changedIncident,
  type ConnectionState,
  type Incident,
  type StateRules,
} from '../runs/connectionState';
import type { Run } from '../runs/run';
import { runIdPrefix } from '../runs/runId';
import type { Rows } from './tableRows';

/** Key prefix: the state of a connection. */
const STATE = 'state!';
/** Key prefix: an incident, `i!INVERTED TICKS!CONNECTION`, so that the newest is first. */
export const INCIDENT = 'i!';

const stateKey = (connection: string) => `${STATE}${connection}`;

/** The stored state of a connection, with the ETag that a change needs. */
export async function readState(
  rows: Rows,
  connection: string,
): Promise<{ state: ConnectionState | undefined; etag: string | undefined }> {
  const row = await rows.get(stateKey(connection), ['state']);
  return { state: row && (JSON.parse(String(row.state)) as ConnectionState), etag: row?.etag };
}

/** The changes that store a new state, and the incident that it opened, changed or ended. */
export function stateChanges(
  partitionKey: string,
  { state: before, etag }: Awaited<ReturnType<typeof readState>>,
  after: ConnectionState,
): TransactionAction[] {
  const row = { partitionKey, rowKey: stateKey(after.connection), state: JSON.stringify(after) };
  const incident = changedIncident(before, after);
  return [
    etag === undefined ? ['create', row] : ['update', row, 'Replace', { etag }],
    ...(incident ? [['upsert', incidentRow(partitionKey, incident), 'Replace'] as TransactionAction] : []),
  ];
}

/** The changes of the state that the end of a run makes, and the new state; `undefined` if it makes none. Reads the state only for a scheduled run. */
export async function stateChangesOfRun(
  rows: Rows,
  run: Run,
  rules: StateRules,
): Promise<{ changes: TransactionAction[]; state: ConnectionState } | undefined> {
  if (run.trigger.kind !== 'Timer' || run.status === 'Running' || run.status === 'Aborted') return undefined;
  const before = await readState(rows, run.connection);
  const state = afterRun(before.state, run, rules);
  return state && { changes: stateChanges(rows.partitionKey, before, state), state };
}

const incidentRow = (partitionKey: string, incident: Incident) => ({
  partitionKey,
  rowKey: `${INCIDENT}${runIdPrefix(Date.parse(incident.began))}!${incident.connection}`,
  connection: incident.connection,
  incident: JSON.stringify(incident),
});

export const incidentOf = (row: Record<string, unknown>): Incident => JSON.parse(String(row.incident)) as Incident;
