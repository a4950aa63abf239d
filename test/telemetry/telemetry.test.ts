// Runs as Application Insights gets them: the built app under the local host, and a collector that speaks the ingestion protocol.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { startApp, unreachableStorage, type AppUnderTest } from '../app/appUnderTest';
import { startCollector, type Collector, type Envelope } from './collector';
import { timeSpanMs } from './workspaceRows';
import { FOUR_NAMES } from '../fourSteps';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let collector: Collector;
let app: AppUnderTest;
/** All that the app logged. */
const said: string[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  collector = await startCollector();
  app = await startApp({
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
    NODE_EXTRA_CA_CERTS: collector.certificateFile,
    REGION_NAME: 'West Europe',
  });
});
afterAll(async () => {
  await app.stop();
  await collector.close();
  await storage.stop();
  await emulator.close();
});
beforeEach(() => {
  emulator.clearFaults();
  collector.mode = 'takes';
  collector.next.length = 0;
  collector.envelopes.length = 0;
  collector.authorizations.length = 0;
  said.push(...app.lines.splice(0));
});

interface RunBody {
  id: string;
  status: string;
  startTime: string;
  durationMs: number;
  recorded?: boolean;
  correlation: { traceId: string; spanId: string; clientTrackingId: string };
  actions: { name: string; startTime: string; durationMs: number; correlation: { spanId: string } }[];
}
const aRun = async () => (await app.call('POST', 'runs')).body as unknown as RunBody;
const ofType = (type: string) => collector.envelopes.filter(({ data }) => data.baseType === type);
const ofFourSteps = () =>
  ofType('RemoteDependencyData').filter(({ data }) => FOUR_NAMES.includes(String(data.baseData['name'])));

test('a run that succeeded is an availability result, there when the answer is', async () => {
  const run = await aRun();
  const [availability, ...others] = ofType('AvailabilityData') as [Envelope, ...Envelope[]];
  expect(others).toEqual([]);
  expect(availability.name).toBe('Microsoft.ApplicationInsights.Availability');
  expect(availability.iKey).toBe(collector.instrumentationKey);
  expect(Math.abs(Date.parse(availability.time) - Date.parse(run.startTime))).toBeLessThanOrEqual(1);
  const { baseData } = availability.data;
  expect(baseData).toMatchObject({
    id: run.id,
    name: 'identity-lifecycle AcsIdentity',
    success: true,
    runLocation: 'West Europe',
    message: 'Succeeded',
    properties: {
      runId: run.id,
      workflow: 'identity-lifecycle',
      connection: 'AcsIdentity',
      trigger: 'Manual',
      clientTrackingId: run.correlation.clientTrackingId,
      cleanup: 'Clean',
      recorded: 'true',
    },
  });
  expect(timeSpanMs(baseData['duration'])).toBe(run.durationMs);
  expect(availability.tags).toMatchObject({
    'ai.operation.id': run.correlation.traceId,
    'ai.operation.parentId': run.correlation.spanId,
    'ai.cloud.role': 'local',
  });
});

test('each step is a dependency of the same trace, with code, duration and target', async () => {
  const run = await aRun();
  const steps = ofType('RemoteDependencyData');
  expect(steps.map(({ data }) => data.baseData['name'])).toEqual(run.actions.map(({ name }) => name));
  expect(ofFourSteps().map(({ data }) => data.baseData['resultCode'])).toEqual([
    'Created',
    'OK',
    'NoContent',
    'NoContent',
  ]);
  steps.forEach(({ time, tags, data: { baseData } }, i) => {
    const action = run.actions[i];
    expect(baseData).toMatchObject({
      id: action?.correlation.spanId,
      success: true,
      target: new URL(emulator.endpoint).host,
      properties: { runId: run.id, workflow: 'identity-lifecycle' },
    });
    expect(timeSpanMs(baseData['duration'])).toBe(action?.durationMs);
    // the exporter counts in fractions of seconds, and cuts
    expect(Math.abs(Date.parse(time) - Date.parse(action?.startTime ?? ''))).toBeLessThanOrEqual(1);
    expect(tags).toMatchObject({
      'ai.operation.id': run.correlation.traceId,
      'ai.operation.parentId': run.correlation.spanId,
    });
  });
});

test('a run that failed names its first failing step and code; steps that were skipped are no dependencies', async () => {
  emulator.addFault({ operation: 'issueAccessToken', status: 403, body: { error: { code: 'Denied', message: 'no' } } });
  const run = await aRun();
  expect(run.status).toBe('Failed');
  expect(ofType('AvailabilityData').map(({ data }) => data.baseData)).toEqual([
    expect.objectContaining({ id: run.id, success: false, message: 'Issue_a_user_access_token: ConnectionDenied' }),
  ]);
  expect(
    ofFourSteps().map(({ data: { baseData } }) => [baseData['name'], baseData['resultCode'], baseData['success']]),
  ).toEqual([
    ['Create_a_user', 'Created', true],
    ['Issue_a_user_access_token', 'Forbidden', false],
    ['Delete_a_user', 'NoContent', true],
  ]);
});

test('a scheduled run reports itself, how many users earlier runs have left, and that maintenance ran, in one post', async () => {
  await app.fireTimer();
  expect(ofType('AvailabilityData')[0]?.data.baseData.properties).toMatchObject({ trigger: 'Recurrence' });
  expect(ofType('MetricData').map(({ data }) => data.baseData['metrics'])).toEqual([
    [expect.objectContaining({ name: 'usersLeftBehind', value: 0, count: 1 })],
    [expect.objectContaining({ name: 'maintenanceFailed', value: 0, count: 1 })],
  ]);
  // the result of the run, its steps, the metrics
  expect(collector.authorizations).toHaveLength(3);
});

test('while storage is down a scheduled run still reports itself: as not recorded, and its maintenance as failed', async () => {
  const other = await startApp({
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: unreachableStorage,
    APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
    NODE_EXTRA_CA_CERTS: collector.certificateFile,
  });
  try {
    await other.fireTimer();
  } finally {
    said.push(...other.lines);
    await other.stop();
  }
  expect(ofType('AvailabilityData').map(({ data }) => data.baseData)).toEqual([
    expect.objectContaining({ success: true, properties: expect.objectContaining({ recorded: 'false' }) as object }),
  ]);
  // how many users are left is not known
  expect(ofType('MetricData').map(({ data }) => data.baseData['metrics'])).toEqual([
    [expect.objectContaining({ name: 'maintenanceFailed', value: 1 })],
  ]);
});

describe('a collector that', () => {
  test.each([
    ['refuses (400)', 400 as const, /is not in Application Insights: 400/],
    ['refuses the identity (401)', 401 as const, /is not in Application Insights: 401/],
    ['fails (500)', 500 as const, /is not in Application Insights: /],
    ['is throttled (429)', 429 as const, /is not in Application Insights: /],
    ['says nothing', 'silent' as const, /is not in Application Insights: no answer within 3 s/],
  ])('%s leaves the run unharmed, within 3 s, and one warning in the log', async (_name, mode, expected) => {
    collector.mode = mode;
    const started = Date.now();
    const run = await aRun();
    expect(Date.now() - started).toBeLessThan(6_000);
    expect(run).toMatchObject({ status: 'Succeeded', recorded: true });
    expect(run.durationMs).toBeLessThan(2_900);
    expect((await app.call('GET', `runs/${run.id}`)).body.status).toBe('Succeeded');
    const warnings = app.lines.filter((line) => line.includes('Application Insights'));
    expect(warnings).toEqual([expect.stringMatching(expected)]);
    expect(warnings[0]).toContain(`clientTrackingId=${run.correlation.clientTrackingId}`);
  });
});

// The ingestion service answers 408, 429 and 5xx now and then and asks to send again; a connection may break: isRetriable in
// @azure/monitor-opentelemetry-exporter, src/utils/breezeUtils.ts, which then keeps the items on a disk. This app has none to keep them on.
test.each([408, 429, 500, 503, 'reset' as const])(
  'a collector that fails once (%s) gets the run with the second request',
  async (next) => {
    // the run and its steps are two requests, side by side
    collector.next.push(next, next);
    const run = await aRun();
    expect(ofType('AvailabilityData').map(({ data }) => data.baseData['id'])).toEqual([run.id]);
    expect(ofType('RemoteDependencyData')).toHaveLength(identityLifecycle.steps.length);
    expect(app.lines.filter((line) => line.includes('Application Insights'))).toEqual([]);
  },
);

test('a scheduled run waits 10 s for a collector, and asks it twice', async () => {
  collector.mode = 'silent';
  const asked = app.lines.length;
  setTimeout(() => (collector.mode = 'takes'), 3_500);
  await app.fireTimer();
  expect(ofType('AvailabilityData')).toHaveLength(1);
  expect(app.lines.slice(asked).filter((line) => line.includes('not in Application Insights'))).toEqual([]);
});

const MISTAKES: [string, string, RegExp][] = [
  [
    'is not there',
    'InstrumentationKey=5f1d8f0e-1111-4222-8333-944445555666;IngestionEndpoint=https://127.0.0.1:1/',
    /ECONNREFUSED/,
  ],
  ['has a malformed connection string', 'nonsense', /is not in Application Insights/],
];
test.each(MISTAKES)('a collector that %s leaves the run unharmed', async (_name, connectionString, expected) => {
  const other = await startApp({
    AcsIdentity: emulator.connectionString,
    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
  });
  try {
    expect((await other.call('POST', 'runs')).body.status).toBe('Succeeded');
    expect(other.lines.filter((line) => expected.test(line))).toHaveLength(1);
  } finally {
    await other.stop();
  }
});

test('no key of Application Insights stands in the log', () => {
  expect(said.length).toBeGreaterThan(20);
  expect(said.join('\n')).not.toContain(collector.instrumentationKey);
  expect(JSON.stringify(collector.envelopes)).not.toMatch(/eyJ[\w-]{6,}\./);
});
