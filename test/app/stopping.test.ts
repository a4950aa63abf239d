import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import type { Run } from '../../src/runs/run';
import { startApp, type AppUnderTest } from './appUnderTest';
import { stepsOf } from '../fourSteps';

let emulator: IdentityEmulator;
let storage: RunningStorage;

beforeAll(async () => {
  [emulator, storage] = await Promise.all([
    createIdentityEmulator(),
    startStorage({ port: 0, inMemory: true, tableOnly: true }),
  ]);
});
afterAll(() => Promise.all([emulator.close(), storage.stop()]));
afterEach(() => emulator.clearFaults());

const settingsOf = (target: string) => ({
  AcsIdentity: emulator.connectionString,
  AzureWebJobsStorage: storage.connectionString,
  WEBSITE_SITE_NAME: `stop-${target}`,
  WORKFLOW_TARGET: target,
});
const open = (target: string): Promise<AppUnderTest> => startApp(settingsOf(target));

/** Starts a run and stops the app as soon as ACS has been asked for `operation`. Resolves when the app has ended. */
async function stopDuring(app: AppUnderTest, operation: string): Promise<void> {
  emulator.clearRequests();
  const answer = app.call('POST', 'runs').catch(() => undefined);
  const until = Date.now() + 10_000;
  while (!emulator.requests().some((request) => request.operation === operation)) {
    if (Date.now() > until) throw new Error(`no ${operation} came; the log:\n${app.lines.join('\n')}`);
    await new Promise((done) => setTimeout(done, 10));
  }
  await app.stop();
  await answer;
}

/** The newest run, as another process finds it. */
async function newestRun(target: string): Promise<Run | undefined> {
  const app = await open(target);
  try {
    const { body } = await app.call('GET', 'runs?top=1');
    return (body.value as Run[])[0];
  } finally {
    await app.stop();
  }
}

test.each(['connection', 'functions'])(
  'a run that is stopped in a step deletes its user before the process ends, and is kept as Aborted (%s)',
  async (target) => {
    const app = await open(target);
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 20_000 });
    await stopDuring(app, 'issueAccessToken');
    expect(emulator.users()).toEqual([]);
    const run = await newestRun(target);
    expect(run).toMatchObject({ status: 'Aborted', cleanup: 'Clean', error: { code: 'RunAborted' } });
    expect(stepsOf(run).map(({ status }) => status)).toEqual(['Succeeded', 'Aborted', 'Skipped', 'Skipped']);
  },
);

test.each(['connection', 'functions'])(
  'a run that is stopped while its user is made waits for its id and deletes it (%s)',
  async (target) => {
    const app = await open(target);
    // longer than requests in flight may take when the host stops, and within what a creation then gets
    emulator.addFault({ operation: 'createIdentity', delayMs: 2_800 });
    await stopDuring(app, 'createIdentity');
    expect(emulator.users()).toEqual([]);
    expect(await newestRun(target)).toMatchObject({ status: 'Aborted', cleanup: 'Clean' });
  },
);

test('a user that can not be deleted any more is said to be left', async () => {
  const app = await open('connection');
  emulator.addFault({ operation: 'issueAccessToken', delayMs: 20_000 });
  emulator.addFault({ operation: 'deleteIdentity', status: 503, count: 100 });
  await stopDuring(app, 'issueAccessToken');
  expect(emulator.users()).toHaveLength(1);
  expect(app.lines.join('\n')).toMatch(
    /Run \d{29}CU00 was stopped, and its user could not be deleted in time\. It is left in ACS/,
  );
  expect(await newestRun('connection')).toMatchObject({ status: 'Aborted', cleanup: 'Pending' });
});

test('a creation that is cut off is said to have left a user, perhaps', async () => {
  const app = await open('connection');
  emulator.addFault({ operation: 'createIdentity', delayMs: 20_000 });
  await stopDuring(app, 'createIdentity');
  expect(app.lines.join('\n')).toMatch(/was stopped while it created a user\. ACS may have made one that is left/);
});

test.each([
  ['connection', 'Succeeded'],
  ['functions', 'Aborted'],
])(
  'while the host waits for a run and refuses new calls, the run deletes its user and fails nothing (%s: %s)',
  async (target, status) => {
    const before = emulator.users();
    const settings = { ...settingsOf(target), WEBSITE_SITE_NAME: `drain-${target}` };
    const app = await startApp(settings, undefined, { stopGraceMs: 30_000 });
    expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 1_500 });
    await stopDuring(app, 'issueAccessToken');
    expect(emulator.users()).toEqual(before);
    const later = await startApp(settings);
    const [run] = (await later.call('GET', 'runs?top=1')).body.value as Run[];
    expect(run).toMatchObject({ status, cleanup: 'Clean' });
    await later.stop();
  },
  60_000,
);
