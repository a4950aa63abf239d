import { startApp, type AppUnderTest } from './appUnderTest';

let app: AppUnderTest;
afterEach(() => app.stop());

const ACS = { AcsIdentity: 'endpoint=https://contoso.communication.azure.com/;accesskey=a2V5' };
/** Never connected to: nothing here reads a run. */
const BLOBS = { AzureWebJobsStorage__blobServiceUri: 'https://account.blob.core.windows.net' };
const HISTORY = { HISTORY_STORAGE: 'Runs', Runs__tableServiceUri: 'https://account.table.core.windows.net' };
const DISABLED = { 'AzureWebJobs.scheduledRun.Disabled': 'true' };
const BY_IDENTITY = { ...ACS, ...BLOBS, ...HISTORY };

interface Check {
  name: string;
  status: string;
  code?: string;
  message?: string;
}

async function health(settings: Record<string, string>) {
  app = await startApp(settings);
  const { status, body } = await app.call('GET', 'health');
  const found = (name: string) => (body.checks as Check[]).find((check) => check.name === name);
  return { status, settings: found('settings'), schedule: found('schedule') };
}

test.each(['every 5 minutes', '@daily', '0 0 0 * * 7', '0 0 0 31 2 *', '0 */5 * * * *\n'])(
  'health names WORKFLOW_SCHEDULE when it is %j, which the host takes for an error or never fires',
  async (expression) => {
    const { status, settings, schedule } = await health({ ...BY_IDENTITY, WORKFLOW_SCHEDULE: expression });
    expect(status).toBe(503);
    expect(settings).toEqual({
      name: 'settings',
      status: 'Unhealthy',
      code: 'Misconfigured',
      message: "Setting 'WORKFLOW_SCHEDULE' is missing or malformed.",
    });
    expect(schedule).toMatchObject({ status: 'Unhealthy', code: 'Misconfigured' });
    expect(schedule?.message).toMatch(/^The schedule is off: WORKFLOW_SCHEDULE (is malformed|names a date)/);
  },
);

test('health names WORKFLOW_SCHEDULE when it is empty', async () => {
  const { status, settings, schedule } = await health({ ...BY_IDENTITY, WORKFLOW_SCHEDULE: '' });
  expect([status, settings?.code]).toEqual([503, 'Misconfigured']);
  expect(settings?.message).toContain("'WORKFLOW_SCHEDULE'");
  expect(schedule?.message).toBe('The schedule is off: WORKFLOW_SCHEDULE is missing.');
});

test('a timer that is disabled needs no schedule: health says that it is off, and is healthy', async () => {
  const { status, settings, schedule } = await health({ ...BY_IDENTITY, ...DISABLED, WORKFLOW_SCHEDULE: '' });
  expect([status, settings?.status]).toEqual([200, 'Healthy']);
  expect(schedule).toEqual({
    name: 'schedule',
    status: 'Healthy',
    code: 'ScheduleOff',
    message: 'The schedule is off: AzureWebJobs.scheduledRun.Disabled is set.',
  });
});

test.each(['0 22-2 * * * *', '0 0 9 * * mon', '00:05:00', '*/5 * * * *'])(
  'health is fine with %j, which the host takes',
  async (expression) => {
    const { status, schedule } = await health({ ...BY_IDENTITY, WORKFLOW_SCHEDULE: expression });
    expect([status, schedule]).toEqual([200, { name: 'schedule', status: 'Healthy' }]);
  },
);

test.each([
  ['0 */5 * * * *', {}, 'Degraded ScheduleOff'],
  ['00:01:00', {}, 'Degraded ScheduleOff'],
  ['*/10 * * * * *', {}, 'Healthy'],
  ['0 */5 * * * *', { AzureWebJobsStorage__accountName: 'account' }, 'Healthy'],
  ['0 */5 * * * *', { AzureWebJobsStorage: 'UseDevelopmentStorage=true' }, 'Healthy'],
])(
  'without AzureWebJobsStorage the timer of a slow schedule does not start: %s %j',
  async (expression, more, expected) => {
    const { schedule } = await health({ ...ACS, ...HISTORY, ...more, WORKFLOW_SCHEDULE: expression });
    expect([schedule?.status, schedule?.code].filter(Boolean).join(' ')).toBe(expected);
    if (expected !== 'Healthy') expect(schedule?.message).toBe('The schedule is off: AzureWebJobsStorage is missing.');
  },
);

test('statistics say when the next run is, in the time zone of the machine', async () => {
  app = await startApp({ ...ACS, WORKFLOW_SCHEDULE: '30 * * * * *', TZ: 'Asia/Kolkata' });
  const off = (await app.call('GET', 'runs/statistics')).body['schedule'];
  expect(off).toEqual({
    enabled: false,
    expression: '30 * * * * *',
    nextRun: null,
    reason: 'AzureWebJobsStorage is missing',
  });
  await app.stop();

  app = await startApp({ ...ACS, WORKFLOW_SCHEDULE: '0,1,2 * * * * *', TZ: 'Asia/Kolkata' });
  const on = (await app.call('GET', 'runs/statistics')).body['schedule'];
  const nextRun = expect.stringMatching(/:0[0-2]\.000Z$/) as string;
  expect(on).toEqual({ enabled: true, expression: '0,1,2 * * * * *', nextRun, reason: null });
});
