// Storage calls of a scheduled run, which every run of every day pays for: `npm run bench -- operations` has the figures in milliseconds.
import { startReceiver, type Receiver } from '../status/receiver';
import type { AppUnderTest } from './appUnderTest';
import { startSurroundings, type Surroundings } from './appWithProxies';

/** Without states. */
const OF_A_RUN = 12;

let around: Surroundings;
let receiver: Receiver;

beforeAll(async () => {
  around = await startSurroundings();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await around.close();
});

async function storageCalls(app: AppUnderTest): Promise<number> {
  const before = around.tables.asked.length;
  await app.fireTimer();
  return around.tables.asked.length - before;
}

/** The fewest of some runs: now and then one is overtaken by the write of its own progress. */
async function callsOfARun(app: AppUnderTest): Promise<number> {
  // makes the table, and the state
  await app.fireTimer();
  const counts = [];
  for (let n = 0; n < 3; n += 1) counts.push(await storageCalls(app));
  return Math.min(...counts);
}

test('a run that changes no state costs at most two calls more than without states, with everything on as with everything off', async () => {
  const off = await around.open({ WEBSITE_SITE_NAME: 'off' });
  const without = await callsOfARun(off);
  await off.stop();
  const on = await around.open({
    WEBSITE_SITE_NAME: 'on',
    NOTIFY_WEBHOOK_URL: `${receiver.url}/hook`,
    HEARTBEAT_URL: `${receiver.url}/beat`,
    WORKFLOW_BUDGET_MS: '60000',
    WORKFLOW_STEP_BUDGET_MS: '30000',
  });
  try {
    const withAll = await callsOfARun(on);
    expect(without).toBeGreaterThan(1);
    expect(without).toBeLessThanOrEqual(OF_A_RUN + 2);
    expect(withAll).toBe(without);
    around.emulator.addFault({ operation: 'issueAccessToken', status: 403, count: 1 });
    // takes the right to send and notes what was sent, each with a read and a write; a failed run writes about as much as another
    expect(await storageCalls(on)).toBeLessThanOrEqual(withAll + 6);
    expect(receiver.received.filter(({ path }) => path === '/hook')).toHaveLength(1);
  } finally {
    await on.stop();
  }
}, 60_000);
