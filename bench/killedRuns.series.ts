// The app's process is killed (-9) during runs: at random times (KILLS, default 300), and before, during and after each outgoing call; half of the
// runs over the connection, half over the function URLs. Then one scheduled run. Which users are left, and how long before the kill had their id
// reached the process? Exits with 1 if one is left that had reached it more than 500 ms before, or a run that can't know does not report it.
import type { Run } from '../src/runs/run';
import { startSurroundings } from '../test/app/appWithProxies';
import type { AppUnderTest } from '../test/app/appUnderTest';
import { killingCalls, random, SIDES, type Boundary, type KilledCall } from '../test/app/killingCalls';

const KILLS = Number(process.env.KILLS ?? 300);
const TARGETS = ['connection', 'functions'] as const;
/** Runs that are younger may still be running. */
const LATER_MS = 6 * 60_000;
const LONG_MS = 500;

type Killed = KilledCall & { traceId: string; target: string };

async function main(): Promise<void> {
  const around = await startSurroundings();
  const runs: Killed[] = [];
  let app: AppUnderTest;
  const call = killingCalls(around, { acsMs: [5, 60], tablesMs: [2, 25] });

  const settings = (target: string) => ({
    WEBSITE_SITE_NAME: 'killed',
    WORKFLOW_TARGET: target,
    WORKFLOW_CREATE_SCOPES: 'chat',
  });

  /** One run; it is killed after `afterMs`, at `boundary`, or not at all. */
  async function run(target: string, afterMs?: number, boundary?: Boundary): Promise<KilledCall> {
    const traceId = Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const killed = await call(app, () => app.call('POST', 'runs', undefined, headers), { afterMs, boundary });
    // the same object, because an answer of ACS may still come
    if (afterMs !== undefined || boundary) runs.push(Object.assign(killed, { traceId, target }));
    return killed;
  }

  for (const target of TARGETS) {
    app = await around.open(settings(target));
    const { requests } = await run(target);
    let longest = 0;
    for (let n = 0; n < 5; n += 1) longest = Math.max(longest, (await run(target)).tookMs);
    for (let request = 0; request < requests; request += 1)
      for (const side of SIDES) await run(target, undefined, { request, side });
    for (let n = 0; n < KILLS / 2; n += 1) await run(target, random(0, longest * 1.1));
    await app.stop();
    console.log(
      `${target}: ${runs.filter((one) => one.target === target).length} runs, ${runs.filter((one) => one.target === target && one.killedAt !== undefined).length} killed`,
    );
  }

  const existing = () => new Set(around.emulator.users().map(({ id }) => id));
  const before = existing().size;
  around.reset();
  app = await around.open(settings('connection'), { aheadMs: LATER_MS });
  for (let n = 0; n < 20; n += 1) {
    await app.fireTimer();
    if (!app.lines.some((line) => line.includes('There was not time'))) break;
    app.lines.length = 0;
  }
  const left = existing();
  const byTrace = new Map<string, Run>();
  for (let path: string | undefined = 'runs?top=250'; path !== undefined;) {
    const page = (await app.call('GET', path)).body as { value?: unknown; nextLink?: unknown };
    for (const one of page.value as Run[]) byTrace.set(one.correlation.traceId ?? '', one);
    path = typeof page.nextLink === 'string' ? page.nextLink.replace(/^\/api\//, '') : undefined;
  }

  const killed = runs.filter(({ killedAt }) => killedAt !== undefined);
  const lost = killed.filter(({ userId }) => userId !== undefined && left.has(userId));
  const ageOf = ({ killedAt = 0, deliveredAt }: Killed) =>
    deliveredAt === undefined ? undefined : killedAt - deliveredAt;
  const ages = lost.map(ageOf);
  const long = ages.filter((age) => age !== undefined && age > LONG_MS).length;
  const silent = lost.filter(({ traceId }) => {
    const kept = byTrace.get(traceId);
    return kept !== undefined && kept.cleanup !== 'Unknown';
  });
  const unseen = lost.filter(({ traceId }) => !byTrace.has(traceId));
  const running = [...byTrace.values()].filter(({ status }) => status === 'Running').length;
  console.log(`${killed.length} runs were killed; ${before} users were left, ${left.size} after one scheduled run.`);
  console.log(
    `Of these the id had never reached the process: ${ages.filter((age) => age === undefined).length}; it had, by so many ms:`,
  );
  console.log(
    `  ${
      ages
        .filter((age) => age !== undefined)
        .map((age) => age?.toFixed(1))
        .sort((a, b) => Number(a) - Number(b))
        .join(', ') || 'none'
    }`,
  );
  for (const one of lost.filter((entry) => (ageOf(entry) ?? 0) > 20))
    console.log(`  ${one.target}, killed ${one.at}: ${ageOf(one)?.toFixed(0)} ms`);
  console.log(
    `Runs that lost a user and do not report Unknown: ${silent.length}; without any record, as they died before it was written: ${unseen.length}.`,
  );
  console.log(`Runs still Running: ${running}.`);
  const statistics = (await app.call('GET', 'runs/statistics')).body;
  console.log(
    `Statistics: ${JSON.stringify({ usersLeftBehind: statistics.usersLeftBehind, usersUnknown: statistics.usersUnknown, counts: statistics.counts })}`,
  );
  await app.stop();
  await around.close();
  if (long > 0 || silent.length > 0 || running > 0) process.exitCode = 1;
}

void main();
