// Runs that people start can't keep those from working who mint tokens: there is a number of them at a time, and the scheduled run is not among them.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startApp, type AppUnderTest } from './appUnderTest';

let emulator: IdentityEmulator;
let app: AppUnderTest;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  emulator.clearFaults();
  await app.stop();
});

const open = async (more: Record<string, string> = {}) =>
  (app = await startApp({ AcsIdentity: emulator.connectionString, ...more }));

/** So many runs at once; each takes half a second. */
async function runsAtOnce(count: number) {
  emulator.addFault({ operation: 'issueAccessToken', delayMs: 500, count });
  return Promise.all(Array.from({ length: count }, () => app.call('POST', 'runs')));
}

test('of ten runs at once four are made, and the others learn when to try again', async () => {
  await open();
  const answers = await runsAtOnce(10);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(6);
  for (const { headers, body } of refused) {
    expect(headers.get('retry-after')).toBe('5');
    expect(body.error).toMatchObject({
      code: 'TooManyRuns',
      message: expect.stringContaining('MAX_CONCURRENT_RUNS') as string,
    });
  }
  emulator.clearFaults();
  expect((await app.call('POST', 'runs')).status).toBe(201);
});

test('a scheduled run has a place all the same', async () => {
  await open({ MAX_CONCURRENT_RUNS: '1' });
  emulator.addFault({ operation: 'issueAccessToken', delayMs: 1_500 });
  const manual = app.call('POST', 'runs');
  await new Promise((done) => setTimeout(done, 300));
  expect((await app.call('POST', 'runs')).status).toBe(429);
  expect(await app.fireTimer()).toMatch(/\(Succeeded, /);
  expect((await manual).status).toBe(201);
});

test('a run that could not begin gives its place back, and a malformed number is a setting to correct', async () => {
  await open({ MAX_CONCURRENT_RUNS: '1' });
  for (let n = 0; n < 3; n += 1) expect((await app.call('POST', 'runs?connection=Nobody')).status).toBe(400);
  expect((await app.call('POST', 'runs')).status).toBe(201);
  await app.stop();
  await open({ MAX_CONCURRENT_RUNS: 'many' });
  const answer = await app.call('POST', 'runs');
  expect([answer.status, answer.body.error?.code]).toEqual([500, 'Misconfigured']);
  expect((await app.call('GET', 'health')).body.checks).toContainEqual(
    expect.objectContaining({ name: 'settings', code: 'Misconfigured' }),
  );
});
