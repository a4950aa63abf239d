import {
  afterRun,
  changedIncident,
  type ConnectionState,
  type Incident,
  type StateRules,
} from '../runs/connectionState';
import type { Run } from '../runs/run';
import { DEFAULT_TOP } from '../runs/runStore';
import type { IncidentQuery, StateStore } from '../runs/stateStore';

const MAX_INCIDENTS = 500;

/** Keeps the states of connections in the memory of this process. */
export class MemoryStates implements StateStore {
  private readonly states = new Map<string, ConnectionState>();
  /** By id, oldest first. */
  private readonly found = new Map<string, Incident>();

  /** Changes the state by the end of a run. */
  count(run: Run, rules: StateRules): void {
    const state = afterRun(this.states.get(run.connection), run, rules);
    if (state) this.set(state);
  }

  get(connection: string): Promise<ConnectionState | undefined> {
    return Promise.resolve(structuredClone(this.states.get(connection)));
  }

  update(connection: string, change: (before: ConnectionState | undefined) => ConnectionState | undefined) {
    const state = change(structuredClone(this.states.get(connection)));
    if (state) this.set(state);
    return Promise.resolve({
      state: structuredClone(this.states.get(connection)),
      changed: state !== undefined,
    });
  }

  incidents({
    connection,
    since = -Infinity,
    until = Infinity,
    top = DEFAULT_TOP,
  }: IncidentQuery): Promise<Incident[]> {
    const wanted = [...this.found.values()].filter((incident) => {
      const began = Date.parse(incident.began);
      return began >= since && began < until && (connection ?? incident.connection) === incident.connection;
    });
    return Promise.resolve(wanted.toSorted((a, b) => (a.began < b.began ? 1 : -1)).slice(0, top));
  }

  hasWaiting(connection: string): boolean {
    return (this.states.get(connection)?.notifications.length ?? 0) > 0;
  }

  private set(state: ConnectionState): void {
    const incident = changedIncident(this.states.get(state.connection), state);
    this.states.set(state.connection, structuredClone(state));
    if (!incident) return;
    this.found.set(incident.id, incident);
    const [oldest] = this.found.keys();
    if (this.found.size > MAX_INCIDENTS && oldest !== undefined) this.found.delete(oldest);
  }
}
