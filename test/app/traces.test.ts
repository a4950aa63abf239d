// A run is one trace, from who asks for it to ACS; and each of its log lines tells whose it is.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startApp, type AppUnderTest } from './appUnderTest';
import { FOUR_NAMES, requestsOf, stepsOf } from '../fourSteps';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
let emulator: IdentityEmulator;
let app: AppUnderTest;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  emulator.clearRequests();
  emulator.clearFaults();
});

interface RunBody {
  id: string;
  correlation: { clientTrackingId: string; traceId: string; spanId: string };
  actions: { name: string; correlation: { spanId?: string } }[];
}
const sent = (requests = emulator.requests()) => requests.map(({ traceparent = '' }) => traceparent.split('-'));

describe.each(['connection', 'functions'])('with target %s', (target) => {
  beforeAll(async () => {
    app = await startApp({ AcsIdentity: emulator.connectionString, WORKFLOW_TARGET: target });
  });
  afterAll(() => app.stop());

  test('a run goes on with the trace of its caller, each step as a span of its own, down to ACS', async () => {
    const headers = { traceparent: `00-${TRACE_ID}-${PARENT}-01` };
    const run = (await app.call('POST', 'runs', undefined, headers)).body as unknown as RunBody;
    expect(run.correlation).toMatchObject({ traceId: TRACE_ID, spanId: PARENT });
    const spans = stepsOf(run).map(({ correlation }) => correlation.spanId);
    expect(new Set(spans).size).toBe(4);
    expect(sent(requestsOf(run, emulator.requests()))).toEqual(spans.map((span) => ['00', TRACE_ID, span, '01']));
  });

  test.each([undefined, 'nonsense', `00-${'0'.repeat(32)}-${PARENT}-01`, `ff-${TRACE_ID}-${PARENT}-01`])(
    'without a good trace (%s) a run makes one of its own',
    async (traceparent) => {
      const headers = traceparent === undefined ? {} : { traceparent };
      const run = (await app.call('POST', 'runs', undefined, headers)).body as unknown as RunBody;
      const { traceId } = run.correlation;
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(traceId).not.toBe(TRACE_ID);
      expect(new Set(sent().map(([, id]) => id))).toEqual(new Set([traceId]));
      expect(requestsOf(run, emulator.requests())).toHaveLength(4);
      const kept = (await app.call('GET', `runs/${run.id}`)).body as unknown as RunBody;
      expect(kept.correlation.traceId).toBe(traceId);
    },
  );

  test('a single action passes the trace of its caller on, and makes none', async () => {
    await app.call('POST', 'users', undefined, { traceparent: `00-${TRACE_ID}-${PARENT}-01` });
    await app.call('POST', 'users');
    expect(sent()).toEqual([['00', TRACE_ID, PARENT, '01'], ['']]);
  });

  test('each line of a run tells its tracking id, at the level that fits', async () => {
    emulator.addFault({ operation: 'createIdentity', status: 429, headers: { 'retry-after': '0' } });
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 403,
      body: { error: { code: 'Denied', message: 'no' } },
    });
    app.lines.length = 0;
    await app.call('POST', 'runs', undefined, { 'x-ms-client-tracking-id': 'my-release-42' });
    const about = app.lines.filter(
      (line) => FOUR_NAMES.some((name) => line.includes(`${name}: `)) || /Run \d{29}/.test(line),
    );
    expect(about.map((line) => /\S+: (?:Succeeded|Failed|Skipped)|: the user/.exec(line)?.[0])).toEqual([
      'Create_a_user: Succeeded',
      'Issue_a_user_access_token: Failed',
      'Revoke_user_access_tokens: Skipped',
      'Delete_a_user: Succeeded',
      expect.stringMatching(/CU00: Failed$/),
      ': the user',
    ]);
    expect(about.filter((line) => !line.includes(' clientTrackingId=my-release-42'))).toEqual([]);
  });
});
