import { afterRun, changedIncident, overdue, type ConnectionState } from '../../src/runs/connectionState';
import type { Run } from '../../src/runs/run';
import { aRun, anAction, at } from '../history/runSamples';

const rules = { failuresUntilFailing: 1, notify: true };
let minute = 0;

/** A scheduled run, a minute after the last one. */
function scheduled(status: Run['status'], more: Partial<Run> = {}): Run {
  minute += 1;
  const failed = status === 'Failed' || status === 'TimedOut';
  const actions = failed
    ? [
        anAction({}),
        anAction({
          name: 'Issue_a_user_access_token',
          status: 'Failed',
          code: 'BadGateway',
          error: { code: 'ServiceUnavailable', message: 'ACS is down.' },
        }),
      ]
    : [anAction({})];
  return aRun({
    start: at(minute),
    endTime: at(minute),
    status,
    trigger: { name: 'Recurrence', kind: 'Timer' },
    actions,
    ...more,
  });
}

/** The state after these runs. */
function after(runs: Run[], more = rules, before?: ConnectionState): ConnectionState {
  const state = runs.reduce<ConnectionState | undefined>((now, run) => afterRun(now, run, more) ?? now, before);
  if (state === undefined) throw new Error('No run was counted.');
  return state;
}

const types = ({ notifications }: ConnectionState) => notifications.map(({ type }) => type);

beforeEach(() => {
  minute = 0;
});

test('good runs are healthy, and nobody is notified', () => {
  const state = after([scheduled('Succeeded'), scheduled('Succeeded')]);
  expect(state).toMatchObject({ state: 'Healthy', since: at(1), consecutiveFailures: 0, lastSuccess: at(2) });
  expect(state.incident).toBeUndefined();
  expect(types(state)).toEqual([]);
});

test('one incident from the first failure to the next success, two notifications, whatever the number of failures', () => {
  const failing = after([scheduled('Succeeded'), scheduled('Failed'), scheduled('TimedOut'), scheduled('Failed')]);
  expect(failing).toMatchObject({ state: 'Failing', since: at(2), consecutiveFailures: 3, lastSuccess: at(1) });
  expect(failing.incident).toMatchObject({
    began: at(2),
    runs: 3,
    first: { step: 'Issue_a_user_access_token', code: 'ServiceUnavailable', message: 'ACS is down.' },
  });
  const recovered = after([scheduled('Succeeded')], rules, failing);
  expect(recovered).toMatchObject({ state: 'Healthy', since: at(5), consecutiveFailures: 0 });
  expect(types(recovered)).toEqual(['failing', 'recovered']);
  expect(recovered.notifications[1]?.incident).toMatchObject({ began: at(2), ended: at(5), runs: 3 });
  expect(changedIncident(failing, recovered)).toMatchObject({ began: at(2), ended: at(5) });
  const ids = recovered.notifications.map(({ id }) => id);
  expect(ids).toEqual([`${failing.incident?.id}-1-Failing`, `${failing.incident?.id}-2-Healthy`]);
});

test('below the number of failures that is set nothing changes; then the incident began with the first of them', () => {
  const three = { ...rules, failuresUntilFailing: 3 };
  const two = after([scheduled('Succeeded'), scheduled('Failed'), scheduled('Failed')], three);
  expect(two).toMatchObject({ state: 'Healthy', consecutiveFailures: 2 });
  expect(types(after([scheduled('Succeeded')], three, two))).toEqual([]);
  const failing = after([scheduled('Failed')], three, two);
  expect(failing).toMatchObject({ state: 'Failing', incident: { began: at(2), runs: 3 } });
});

test('a slow run is slow, a fast one after it a recovery; a failure in between keeps the incident', () => {
  const slow = after([scheduled('Succeeded'), scheduled('Succeeded', { slow: true, durationMs: 9000 })]);
  expect(slow).toMatchObject({ state: 'Slow', incident: { last: { code: 'OverBudget', step: 'Create_a_user' } } });
  const end = after([scheduled('Failed'), scheduled('Succeeded', { slow: true }), scheduled('Succeeded')], rules, slow);
  expect(types(end)).toEqual(['slow', 'failing', 'slow', 'recovered']);
  expect(new Set(end.notifications.map(({ id }) => id)).size).toBe(4);
  expect(end.notifications.at(-1)?.incident).toMatchObject({ states: ['Slow', 'Failing', 'Slow'], runs: 3 });
});

test('overdue is a state of its own, which any scheduled run ends', () => {
  const silent = overdue(after([scheduled('Succeeded')]), at(30), at(20), rules);
  expect(silent).toMatchObject({ state: 'Overdue', since: at(30), incident: { last: { code: 'NoScheduledRun' } } });
  expect(overdue(silent, at(31), at(20), rules)).toBe(silent);
  minute = 40;
  expect(types(after([scheduled('Succeeded')], rules, silent))).toEqual(['overdue', 'recovered']);
  expect(after([scheduled('Failed')], { ...rules, failuresUntilFailing: 2 }, silent).state).toBe('Healthy');
});

test('manual, running and aborted runs, one that was counted and one that is older change nothing', () => {
  const [first, second] = [scheduled('Failed'), scheduled('Succeeded')];
  const state = after([first, second]);
  for (const run of [
    scheduled('Failed', { trigger: { name: 'Manual', kind: 'Http' } }),
    scheduled('Running'),
    scheduled('Aborted'),
    second,
    first,
  ])
    expect(afterRun(state, run, rules)).toBeUndefined();
});

test('without a receiver nothing is kept to be sent; a receiver that is away for long gets the newest ten', () => {
  const runs = Array.from({ length: 30 }, (_, i) => scheduled(i % 2 ? 'Succeeded' : 'Failed'));
  expect(types(after(runs, { ...rules, notify: false }))).toEqual([]);
  const state = after(runs);
  expect(state.notifications).toHaveLength(10);
  expect(state.notifications.at(-1)).toMatchObject({ type: 'recovered', time: at(30) });
});

test('a message is cut', () => {
  const state = after([scheduled('Failed', { actions: [], error: { code: 'E', message: 'x'.repeat(5000) } })]);
  expect(state.incident?.last.message).toHaveLength(300);
});
