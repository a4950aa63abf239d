import type { StateRules } from '../runs/connectionState';
import type { MemoryStates } from './memoryStates';
import type { Run } from '../runs/run';
import { entriesOf, type Ledger, type LedgerEntry } from '../runs/ledger';
import { isUnknown, withoutUser } from '../runs/cleanup';
import { passes, summaryOf } from '../runs/summary';
import { addEnd, emptyTally, endOf, hourOf, type HourOfRuns } from '../runs/statistics';
import {
  DEFAULT_TOP,
  type HoursQuery,
  type RunPage,
  type RunQuery,
  type RunStore,
  type SaveResult,
} from '../runs/runStore';

/** Maximum number of runs. The oldest run is dropped first. */
export const MEMORY_RUNS = 500;

/** Keeps the newest runs in the memory of this process. They are lost when it ends, and other instances don't see them. Health reports that. */
export class MemoryRunStore implements RunStore {
  readonly kind = 'memory';
  private readonly runs = new Map<string, Run>();

  /** `states`: where the end of a scheduled run changes the state of its connection, by these rules. */
  constructor(
    private readonly ledger: Ledger,
    private readonly states?: { store: MemoryStates; rules: () => StateRules },
  ) {}

  async save(run: Run, deleted: readonly string[] = []): Promise<SaveResult> {
    const kept = this.runs.get(run.id);
    if (run.status === 'Running' && kept !== undefined && kept.status !== 'Running') return 'saved';
    if (run.status === 'Running' && kept?.cancelRequested && !run.cancelRequested) return 'cancelRequested';
    this.runs.set(run.id, structuredClone(run));
    this.states?.store.count(run, this.states.rules());
    for (const userId of deleted) await this.ledger.remove({ runId: run.id, userId });
    if (run.status !== 'Running') for (const entry of entriesOf(run)) await this.ledger.add(entry);
    if (this.runs.size > MEMORY_RUNS) {
      const oldest = [...this.runs.keys()].reduce((a, b) => (a > b ? a : b));
      this.runs.delete(oldest);
    }
    return 'saved';
  }

  requestCancel(id: string): Promise<'requested' | 'ended' | 'notFound'> {
    const run = this.runs.get(id);
    if (run?.status === 'Running') this.runs.set(id, { ...run, cancelRequested: true });
    return Promise.resolve(run === undefined ? 'notFound' : run.status === 'Running' ? 'requested' : 'ended');
  }

  async cleaned(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void> {
    const run = this.runs.get(entry.runId);
    const cleaned = run && withoutUser(run, entry.userId);
    if (cleaned) this.runs.set(entry.runId, cleaned);
    await this.ledger.remove(entry);
  }

  async close(run: Run): Promise<LedgerEntry[] | undefined> {
    if (this.runs.get(run.id)?.status !== 'Running') return undefined;
    await this.save(run);
    return entriesOf(run);
  }

  get(id: string): Promise<Run | undefined> {
    return Promise.resolve(structuredClone(this.runs.get(id)));
  }

  list(query: RunQuery): Promise<RunPage> {
    const top = query.top ?? DEFAULT_TOP;
    const found = [...this.runs.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter((run) => {
        const start = Date.parse(run.startTime);
        if (query.since !== undefined && start < query.since) return false;
        if (query.until !== undefined && start >= query.until) return false;
        return (query.continuationToken === undefined || run.id > query.continuationToken) && passes(run, query);
      });
    const value = found.slice(0, top).map((run) => summaryOf(structuredClone(run)));
    const last = value.at(-1);
    return Promise.resolve(found.length > top && last ? { value, continuationToken: last.id } : { value });
  }

  hours({ since, until, connection }: HoursQuery): Promise<HourOfRuns[]> {
    const hours = new Map<number, HourOfRuns>();
    for (const run of this.runs.values()) {
      const end = endOf(run);
      if (end === undefined || end.startMs < since || end.startMs >= until) continue;
      if (connection !== undefined && end.connection !== connection) continue;
      const startMs = hourOf(end.startMs);
      const hour = hours.get(startMs) ?? { startMs, ...emptyTally() };
      addEnd(hour, end);
      hours.set(startMs, hour);
    }
    return Promise.resolve([...hours.values()]);
  }

  unknown({ since, until, connection }: HoursQuery): Promise<number> {
    const found = [...this.runs.values()].filter((run) => {
      const start = Date.parse(run.startTime);
      return isUnknown(run) && start >= since && start < until && (connection ?? run.connection) === run.connection;
    });
    return Promise.resolve(found.length);
  }

  maintain(keepFrom: number): Promise<number> {
    const old = [...this.runs.values()].filter(({ startTime }) => Date.parse(startTime) < keepFrom);
    for (const { id } of old) this.runs.delete(id);
    return Promise.resolve(old.length);
  }

  check(): Promise<void> {
    return Promise.resolve();
  }
}
