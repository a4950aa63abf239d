import { scheduleReport } from '../../src/base/scheduleReport';

const NOW = Date.parse('2026-11-25T23:30:00Z');
const settings = { expression: '0 0 9 * * *', isDisabled: false, hasHostStorage: true };

test('the next run is that of the time zone', () => {
  expect(scheduleReport(settings, NOW, 'Asia/Kolkata')).toEqual({
    enabled: true,
    expression: '0 0 9 * * *',
    nextRun: '2026-11-26T03:30:00.000Z',
    reason: null,
  });
});

test('an interval has no next run: it counts from the start of the host', () => {
  const report = scheduleReport({ ...settings, expression: '00:05:00' }, NOW);
  expect(report).toEqual({ enabled: true, expression: '00:05:00', nextRun: null, reason: null });
});

test.each([
  [{ isDisabled: true }, 'AzureWebJobs.scheduledRun.Disabled is set'],
  [{ expression: undefined }, 'WORKFLOW_SCHEDULE is missing'],
  [{ expression: 'hourly' }, 'WORKFLOW_SCHEDULE is malformed'],
  [{ expression: '0 0 0 31 2 *' }, 'WORKFLOW_SCHEDULE names a date that never comes'],
  [{ hasHostStorage: false }, 'AzureWebJobsStorage is missing'],
])('%j: off, and why', (difference, reason) => {
  const report = scheduleReport({ ...settings, ...difference }, NOW);
  expect(report).toMatchObject({ enabled: false, nextRun: null, reason });
});
