import { newRunId } from '../../src/runs/runId';
import type { Action, Run } from '../../src/runs/run';

/** `minute` minutes into a day in 2026. */
export const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 12, minute)).toISOString();

/** A finished run, or what `wish` says of it. */
export function aRun(wish: Partial<Run> & { start?: string; tracking?: string } = {}): Run {
  const { start = at(0), tracking, ...rest } = wish;
  const id = newRunId(Date.parse(start));
  return {
    id,
    workflow: 'identity-lifecycle',
    status: 'Succeeded',
    trigger: { name: 'Manual', kind: 'Http' },
    startTime: start,
    endTime: start,
    durationMs: 5,
    correlation: { clientTrackingId: tracking ?? id },
    connection: 'AcsIdentity',
    target: 'connection',
    cleanup: 'Clean',
    actions: [],
    ...rest,
  };
}

export function anAction(wish: Partial<Action>): Action {
  return {
    name: 'Create_a_user',
    status: 'Succeeded',
    code: 'Created',
    startTime: at(0),
    endTime: at(0),
    durationMs: 1,
    ...wish,
  };
}
