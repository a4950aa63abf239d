// Two instances of the app's code over one storage (Azurite), and a receiver: what is sent, in which order, and how often.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import type * as HistoryModule from '../../src/history';
import type { Run } from '../../src/runs/run';
import type * as ConnectionStatusModule from '../../src/status/connectionStatus';
import type * as HeartbeatModule from '../../src/status/heartbeat';
import type * as NotificationsModule from '../../src/status/notifications';
import type * as NotifyModule from '../../src/status/notifyAfterRuns';
import { aRun, anAction } from '../history/runSamples';
import { startReceiver, type Receiver } from './receiver';

interface Instance {
  history: typeof HistoryModule.history;
  notifyAfterRuns: typeof NotifyModule.notifyAfterRuns;
  connectionStatus: typeof ConnectionStatusModule.connectionStatus;
  sendSample: typeof NotificationsModule.sendSample;
  heartbeatUrl: typeof HeartbeatModule.heartbeatUrl;
}

const SECRET = 'c2VjcmV0LXBhdGgtb2YtdGhlLXdlYmhvb2s';
const warnings: string[] = [];
const log = { warn: (line: string) => void warnings.push(line) };
const before = { ...process.env };
let storage: RunningStorage;
let emulator: IdentityEmulator;
let receiver: Receiver;
let sites = 0;
/** Minutes since the first run. */
let minute = 0;
const START = Date.UTC(2026, 0, 31, 12);
const time = (minutes: number) => new Date(START + minutes * 60_000).toISOString();

/** A new instance: modules with a state of their own, as in another process. */
async function instance(): Promise<Instance> {
  let made: Instance | undefined;
  await jest.isolateModulesAsync(async () => {
    const { history } = await import('../../src/history');
    const { notifyAfterRuns } = await import('../../src/status/notifyAfterRuns');
    const { connectionStatus } = await import('../../src/status/connectionStatus');
    const { sendSample } = await import('../../src/status/notifications');
    const { heartbeatUrl } = await import('../../src/status/heartbeat');
    made = { history, notifyAfterRuns, connectionStatus, sendSample, heartbeatUrl };
  });
  if (made === undefined) throw new Error('The modules were not loaded.');
  return made;
}

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  emulator = await createIdentityEmulator();
});
afterAll(async () => {
  process.env = before;
  await storage.stop();
  await emulator.close();
});

beforeEach(async () => {
  receiver = await startReceiver();
  warnings.length = 0;
  minute = 0;
  sites += 1;
  process.env = {
    ...before,
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    WEBSITE_SITE_NAME: `operations${sites}`,
    WORKFLOW_SCHEDULE: '0 */5 * * * *',
    NOTIFY_WEBHOOK_URL: `${receiver.url}/hooks/${SECRET}?sig=${SECRET}`,
    PUBLIC_URL: 'https://app.example.com/',
  };
});
afterEach(() => receiver.close());

/** A scheduled run ends on an instance, which then sends. */
async function scheduledRun(on: Instance, status: Run['status'], more: Partial<Run> = {}): Promise<void> {
  minute += 5;
  const failed = status === 'Failed';
  const error = { code: 'ServiceUnavailable', message: `ACS is down. accesskey=${SECRET}` };
  const run = aRun({
    start: time(minute),
    endTime: time(minute),
    status,
    trigger: { name: 'Recurrence', kind: 'Timer' },
    actions: [anAction(failed ? { status: 'Failed', code: 'BadGateway', error } : {})],
    ...more,
  });
  await on.history().runs.save(run);
  await on.notifyAfterRuns(['AcsIdentity'], failed, log);
}

const events = () =>
  receiver.received.map(({ body }) => JSON.parse(body) as { id: string; type: string; data: Record<string, unknown> });
const types = () => events().map(({ type }) => type.replace('acs-identity.connection.', ''));

test('sixty scheduled runs over two instances: exactly the expected notifications, in order, none with a secret', async () => {
  const [one, two] = [await instance(), await instance()];
  const on = (i: number) => (i % 2 ? one : two);
  const series: [Run['status'], number, Partial<Run>?][] = [
    ['Succeeded', 20],
    ['Failed', 1],
    ['Succeeded', 10],
    ['Failed', 3],
    ['Succeeded', 10],
    ['Succeeded', 2, { slow: true, durationMs: 9000 }],
    ['Succeeded', 5],
  ];
  let count = 0;
  for (const [status, times, more] of series)
    for (let i = 0; i < times; i += 1) await scheduledRun(on((count += 1)), status, more);
  // the timer is silent for three periods; whoever reads first notices, both read
  const later = START + (minute + 16) * 60_000;
  await one.connectionStatus('AcsIdentity', log, later - 8 * 60_000);
  expect((await two.connectionStatus('AcsIdentity', log, later)).state).toBe('Overdue');
  expect((await one.connectionStatus('AcsIdentity', log, later)).state).toBe('Overdue');
  minute += 20;
  for (let i = 0; i < 9; i += 1) await scheduledRun(on((count += 1)), 'Succeeded');
  expect(count).toBe(60);
  expect(types()).toEqual([
    'failing',
    'recovered',
    'failing',
    'recovered',
    'slow',
    'recovered',
    'overdue',
    'recovered',
  ]);
  expect(new Set(events().map(({ id }) => id)).size).toBe(8);
  for (const { body, headers, method } of receiver.received) {
    expect(body).not.toContain(SECRET);
    expect([method, headers['content-type']]).toEqual(['POST', 'application/cloudevents+json; charset=utf-8']);
  }
  expect(warnings).toEqual([]);
  expect(events()[2]).toMatchObject({
    specversion: '1.0',
    source: 'https://app.example.com',
    subject: 'AcsIdentity',
    data: {
      site: `operations${sites}`,
      connection: 'AcsIdentity',
      state: 'Failing',
      step: 'Create_a_user',
      reason: { code: 'ServiceUnavailable', message: 'ACS is down. accesskey=[redacted]' },
      incident: { runs: 1 },
      runUrl: expect.stringMatching(/^https:\/\/app\.example\.com\/api\/dashboard#\/runs\/\d{29}CU00$/) as string,
    },
  });
  const incidents = await two.history().states.incidents({});
  expect(incidents.map(({ states, runs, ended }) => [states.join(), runs, ended !== undefined])).toEqual([
    ['Overdue', 0, true],
    ['Slow', 2, true],
    ['Failing', 3, true],
    ['Failing', 1, true],
  ]);
}, 60_000);

test.each([
  [500, 2],
  [429, 2],
  ['reset' as const, 2],
])('a receiver that answers %s once gets the same notification again, with the same id', async (how, requests) => {
  const one = await instance();
  receiver.next.push(how);
  await scheduledRun(one, 'Failed');
  expect(receiver.received).toHaveLength(requests);
  expect(new Set(events().map(({ id }) => id)).size).toBe(1);
  expect((await one.history().states.get('AcsIdentity'))?.notifications).toEqual([]);
});

test('a receiver that is down gets all, in order, from whoever reads the state when it is back', async () => {
  const [one, two] = [await instance(), await instance()];
  receiver.next.push(404, 404);
  await scheduledRun(one, 'Failed');
  await scheduledRun(two, 'Succeeded');
  // the first of the two is refused again, so the second waits behind it
  expect(types()).toEqual(['failing', 'failing']);
  expect(warnings.join()).toMatch(
    /A notification about connection AcsIdentity was not delivered: the receiver answered 404/,
  );
  expect(warnings.join()).not.toContain(SECRET);
  receiver.received.length = 0;
  await two.connectionStatus('AcsIdentity', log, START + minute * 60_000);
  expect(types()).toEqual(['failing', 'recovered']);
  await one.connectionStatus('AcsIdentity', log, START + minute * 60_000);
  expect(types()).toHaveLength(2);
});

test('a receiver that answers 410 gets nothing that waits any more', async () => {
  const one = await instance();
  receiver.next.push(410);
  await scheduledRun(one, 'Failed');
  await one.notifyAfterRuns(['AcsIdentity'], false, log);
  expect(receiver.received).toHaveLength(1);
  expect(warnings.join()).toContain('410');
});

test('a receiver that answers after the time limit gets it again with the same id', async () => {
  const one = await instance();
  receiver.next.push({ lateMs: 6_000 });
  await scheduledRun(one, 'Failed');
  expect(events().map(({ id }) => id)).toEqual([events()[0]?.id, events()[0]?.id]);
}, 20_000);

test('two instances that send at the same time send once', async () => {
  const [one, two, three] = [await instance(), await instance(), await instance()];
  process.env['NOTIFY_WEBHOOK_URL'] = 'http://127.0.0.1:1/nobody';
  receiver.next.push(200);
  minute += 5;
  await three
    .history()
    .runs.save(aRun({ start: time(minute), status: 'Failed', trigger: { name: 'Recurrence', kind: 'Timer' } }));
  process.env['NOTIFY_WEBHOOK_URL'] = `${receiver.url}/hook`;
  await Promise.all(
    [one, two, one, two].map((each) => each.connectionStatus('AcsIdentity', log, START + minute * 60_000)),
  );
  expect(types()).toEqual(['failing']);
});

test('the schedule off is Off, whatever the runs were, and is never overdue; neither is the time after it was off', async () => {
  const one = await instance();
  await scheduledRun(one, 'Succeeded');
  process.env['AzureWebJobs.scheduledRun.Disabled'] = 'true';
  const day = START + 24 * 3_600_000;
  expect(await one.connectionStatus('AcsIdentity', log, day)).toMatchObject({
    state: 'Off',
    reason: 'AzureWebJobs.scheduledRun.Disabled is set',
    nextRun: null,
  });
  delete process.env['AzureWebJobs.scheduledRun.Disabled'];
  expect((await one.connectionStatus('AcsIdentity', log, day + 60_000)).state).toBe('Healthy');
  expect((await one.connectionStatus('AcsIdentity', log, day + 8 * 60_000)).state).toBe('Healthy');
  expect((await one.connectionStatus('AcsIdentity', log, day + 13 * 60_000)).state).toBe('Overdue');
});

test('a scheduled run that is running or was aborted shows that the timer fires', async () => {
  const one = await instance();
  await scheduledRun(one, 'Succeeded');
  await scheduledRun(one, 'Aborted');
  await scheduledRun(one, 'Running');
  expect((await one.connectionStatus('AcsIdentity', log, START + (minute + 3) * 60_000)).state).toBe('Healthy');
  expect(types()).toEqual([]);
});

test('an app that has never had a scheduled run is overdue after two due times', async () => {
  const one = await instance();
  expect((await one.connectionStatus('AcsIdentity', log, START)).state).toBe('Unknown');
  expect((await one.connectionStatus('AcsIdentity', log, START + 10.5 * 60_000)).state).toBe('Unknown');
  expect((await one.connectionStatus('AcsIdentity', log, START + 12 * 60_000)).state).toBe('Overdue');
});

test('a malformed receiver keeps no run from being recorded', async () => {
  process.env['NOTIFY_WEBHOOK_URL'] = 'ftp://example.com/secret-path';
  const one = await instance();
  await scheduledRun(one, 'Failed');
  expect((await one.history().states.get('AcsIdentity'))?.state).toBe('Failing');
});

test('the sample is marked as such and reports what the receiver answered', async () => {
  const one = await instance();
  receiver.next.push(403);
  expect(await one.sendSample('AcsIdentity')).toMatchObject({ kind: 'refused', status: 403, body: 'no' });
  expect(events()[0]).toMatchObject({
    id: expect.stringMatching(/^test-/) as string,
    data: { reason: { code: 'Sample' } },
  });
  delete process.env['NOTIFY_WEBHOOK_URL'];
  await expect(one.sendSample('AcsIdentity')).rejects.toMatchObject({ status: 404, code: 'NotEnabled' });
});

describe('the heartbeat', () => {
  test('is called once for each timer run, with /fail before the query when a run failed', async () => {
    delete process.env['NOTIFY_WEBHOOK_URL'];
    process.env['HEARTBEAT_URL'] = `${receiver.url}/${SECRET}/identity?rid=1`;
    const one = await instance();
    await scheduledRun(one, 'Succeeded');
    await scheduledRun(one, 'Failed');
    expect(receiver.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /${SECRET}/identity?rid=1`,
      `GET /${SECRET}/identity/fail?rid=1`,
    ]);
  });

  test('is tried again when the receiver fails, and what is logged names no address', async () => {
    process.env['HEARTBEAT_URL'] = `${receiver.url}/${SECRET}`;
    delete process.env['NOTIFY_WEBHOOK_URL'];
    const one = await instance();
    receiver.next.push(503);
    await scheduledRun(one, 'Succeeded');
    expect(receiver.received).toHaveLength(2);
    receiver.next.push(404);
    await scheduledRun(one, 'Succeeded');
    expect(warnings).toEqual(['The heartbeat (setting HEARTBEAT_URL) was not delivered: the receiver answered 404.']);
  });
});
