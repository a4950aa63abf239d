// A run is cancelled on its own instance and from another one over the same storage; the workflow's description.
import { setTimeout as sleep } from 'node:timers/promises';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { startApp, type AppUnderTest } from './appUnderTest';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let one: AppUnderTest;
let two: AppUnderTest;
const KEY = 'c2VjcmV0LXdlYmhvb2stc2lnbmF0dXJl';

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const settings = {
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    NOTIFY_WEBHOOK_URL: `https://example.com/${KEY}`,
    WORKFLOW_CHECKS: 'tokenAccepted',
    WORKFLOW_SCHEDULE: '0 */5 * * * *',
  };
  [one, two] = await Promise.all([startApp(settings), startApp(settings)]);
  // the first use of the storage takes longest, on a busy machine longer than a step
  for (const app of [one, two]) await app.call('GET', 'runs/statistics');
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await storage.stop();
  await emulator.close();
});

/** The id of the running run, when it is recorded. */
async function runningId(): Promise<string> {
  for (;;) {
    const { body } = await one.call('GET', 'runs?status=Running');
    const [run] = body['value'] as { id: string }[];
    if (run !== undefined) return run.id;
    await sleep(20);
  }
}

test.each([
  [
    'its own instance, in the middle of a step',
    () => one,
    5_000,
    /was cancelled during Issue_a_user_access_token/,
    3_000,
  ],
  ['another instance, when its step has ended', () => two, 4_000, /was cancelled (before|during) /, 20_000],
])(
  'a run that is cancelled on %s ends Aborted, with its user deleted',
  async (_name, on, delayMs, message, withinMs) => {
    emulator.clearFaults();
    for (const operation of ['issueAccessToken', 'revokeAccessTokens'] as const)
      emulator.addFault({ operation, delayMs });
    const startedAt = performance.now();
    const started = one.call('POST', 'runs');
    const id = await runningId();
    await sleep(300);
    const cancelled = await on().call('POST', `runs/${id}/cancel`);
    expect([cancelled.status, cancelled.body]).toEqual([202, { id, status: 'Running', cancelRequested: true }]);
    const { body } = await started;
    expect(performance.now() - startedAt).toBeLessThan(withinMs);
    expect(body).toMatchObject({ id, status: 'Aborted', cleanup: 'Clean', cancelRequested: true, recorded: true });
    expect(body.error?.message).toMatch(message);
    expect((await two.call('GET', `runs/${id}`)).body).toMatchObject({ status: 'Aborted', cleanup: 'Clean' });
    expect(emulator.users()).toEqual([]);
    const again = await two.call('POST', `runs/${id}/cancel`);
    expect([again.status, again.body.error?.code]).toEqual([409, 'RunEnded']);
  },
);

test('a run that does not exist, and another operation, are not found', async () => {
  expect((await one.call('POST', 'runs/08584061447175855807192710610CU00/cancel')).body.error?.code).toBe(
    'RunNotFound',
  );
  expect((await one.call('POST', 'runs/latest/cancel')).body.error?.code).toBe('RunNotFound');
  expect((await one.call('GET', 'runs/statistics/more')).body.error?.code).toBe('NotFound');
  expect((await one.call('POST', 'runs/08584061447175855807192710610CU00/repeat')).body.error?.code).toBe('NotFound');
});

test('the workflow is described with its trigger, steps, settings and connections, without secrets', async () => {
  const { status, body, text } = await one.call('GET', 'runs/workflow');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    name: 'identity-lifecycle',
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    trigger: { type: 'Recurrence', expression: '0 */5 * * * *', enabled: true, reason: null },
    connections: [{ name: 'AcsIdentity', credential: 'accessKey', host: `127.0.0.1:${emulator.port}` }],
    limits: { allowedScopes: ['chat', 'voip', 'chat.join', 'chat.join.limited', 'voip.join'], maxTokenMinutes: 1440 },
  });
  const { trigger, steps, settings } = body as unknown as {
    trigger: { nextRuns: string[] };
    steps: { name: string; runAfter: object; deeperChecks: { name: string; enabled: boolean }[] }[];
    settings: { name: string; value: string | null; source: string; change: string }[];
  };
  expect(trigger.nextRuns).toHaveLength(5);
  expect(trigger.nextRuns.every((time) => Date.parse(time) % 300_000 === 0)).toBe(true);
  expect(steps.find(({ name }) => name === 'Issue_a_user_access_token')?.deeperChecks).toEqual([
    { name: 'tokenAccepted', enabled: true },
    { name: 'anonymousRefused', enabled: false },
  ]);
  const setting = (name: string) => settings.find((one) => one.name === name);
  expect(setting('WORKFLOW_TOKEN_MINUTES')).toMatchObject({ value: '60', source: 'default' });
  expect(setting('WORKFLOW_SCOPES')).toMatchObject({ value: 'chat', source: 'default' });
  expect(setting('WORKFLOW_CHECKS')).toMatchObject({
    value: 'tokenAccepted',
    source: 'setting',
    change: expect.stringContaining('azd env set WORKFLOW_CHECKS') as string,
  });
  expect(setting('NOTIFY_WEBHOOK_URL')).toMatchObject({ value: null, source: 'setting' });
  expect(text).not.toContain(KEY);
  expect(text).not.toContain('accesskey');
});
