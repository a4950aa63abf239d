import { runSchedule, type ScheduleParts } from '../../src/workflow/runSchedule';
import type { Trigger } from '../../src/runs/run';
import { aRun, anAction } from '../history/runSamples';

const lines: string[] = [];
const log = {
  info: (line: string) => void lines.push(`info ${line}`),
  warn: (line: string) => void lines.push(`warn ${line}`),
  error: (line: string) => void lines.push(`error ${line}`),
};
const NOW = Date.parse('2026-01-31T12:05:00.020Z');
const triggers: Trigger[] = [];

/** Runs on these connections that end as `ends` says: a status, or an error thrown before there is a run. */
const parts = (ends: Record<string, 'Succeeded' | 'Failed' | Error>): ScheduleParts => ({
  connections: () => Object.keys(ends),
  maintain: () => {
    lines.push('maintained');
    return Promise.resolve({ failure: undefined });
  },
  notify: (connections, failed) => {
    lines.push(`notified ${connections.join(', ')} ${failed ? 'failed' : 'succeeded'}`);
    return Promise.resolve();
  },
  startRun: ({ connection = '', trigger, onAction }) => {
    triggers.push(trigger);
    onAction?.(anAction({}));
    const end = ends[connection] ?? 'Succeeded';
    if (end instanceof Error) return Promise.reject(end);
    return Promise.resolve(
      aRun({
        connection,
        status: end,
        ...(end === 'Failed' ? { error: { code: 'ActionFailed', message: 'no.' } } : {}),
      }),
    );
  },
});

beforeEach(() => {
  lines.length = 0;
  triggers.length = 0;
});

test('a run is of the Recurrence trigger, for the time that the schedule named', async () => {
  await runSchedule(
    { isPastDue: false, scheduleStatus: { next: '2026-01-31T13:05:00+01:00' } },
    log,
    parts({ One: 'Succeeded' }),
    NOW,
  );
  expect(triggers).toEqual([
    { name: 'Recurrence', kind: 'Timer', isPastDue: false, scheduledTime: '2026-01-31T12:05:00.000Z' },
  ]);
  expect(lines.filter((line) => line.startsWith('info Run '))).toHaveLength(1);
});

test('fired by hand, a run has no scheduled time: the next one is still to come', async () => {
  await runSchedule(
    { isPastDue: false, scheduleStatus: { next: '2026-01-31T12:10:00Z' } },
    log,
    parts({ One: 'Succeeded' }),
    NOW,
  );
  expect(triggers[0]).not.toHaveProperty('scheduledTime');
});

test('a timer that is past due runs once, and says so', async () => {
  await runSchedule({ isPastDue: true }, log, parts({ One: 'Succeeded' }), NOW);
  expect(triggers).toMatchObject([{ isPastDue: true }]);
  expect(lines[0]).toMatch(/^warn The timer is past due/);
});

test('all connections are run, and what failed fails the invocation at the end, by name', async () => {
  const ends = { One: 'Failed', Two: new Error('Setting is missing.'), Three: 'Succeeded' } as const;
  await expect(runSchedule({ isPastDue: false }, log, parts(ends), NOW)).rejects.toThrow(
    'One: no. Two: Setting is missing.',
  );
  expect(triggers).toHaveLength(3);
  expect(lines.join('\n')).toContain('error The run on connection Two could not start');
  expect(lines.join('\n')).toContain('One: Create_a_user: Succeeded');
});
