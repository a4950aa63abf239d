// First calls of people whose process is killed (-9): at random times, and before, during and after each request to ACS and to the storage. After all of
// them comes one scheduled run. Then each ACS user should have a row, and each row a user, except users whose process died as it learned of them.
import { killingCalls, random, SIDES, type Boundary, type KilledCall } from './killingCalls';
import { startPeople, userOf, callAs, codeOf } from './peopleUnderTest';

/** Calls that are younger may still be going on. */
const LATER_MS = 6 * 60_000;

export interface KilledFirstCalls {
  killed: number;
  /** Calls that ended before the time at which they were to be killed. */
  endedBefore: number;
  /** Users of killed calls that ACS has created, and how many of them were left without a row before the scheduled run. */
  created: number;
  withoutRow: number;
  /** Users without a row after the scheduled run. `at`: where the process was killed; `knownForMs`: for how long it had known the user, if at all. */
  lost: { at: string; knownForMs: number | undefined }[];
  /** After the scheduled run. */
  rowsWithoutUser: number;
  pendingRows: number;
  /** What people who were cut off got when they called again: `200` for each. */
  nextCalls: string[];
}

/** @param atBoundaries number of kills at requests, spread over all of them; Infinity: each side of each request */
export async function killFirstCalls(kills: { atRandom: number; atBoundaries: number }): Promise<KilledFirstCalls> {
  const people = await startPeople();
  const { around } = people;
  const rounds: KilledCall[] = [];
  const call = killingCalls(around, { acsMs: [5, 40], tablesMs: [2, 20] });
  const app = await around.open(people.settings);
  const tokens: string[] = [];

  /** One first call; it is killed after `afterMs`, at `boundary`, or not at all. */
  async function firstCall(afterMs?: number, boundary?: Boundary): Promise<KilledCall> {
    const token = people.somebody();
    // what a process loads and fetches once is not what is tested
    await callAs(app, token, 'GET', 'me');
    const round = await call(app, () => callAs(app, token, 'POST', 'me/token'), { afterMs, boundary });
    if (afterMs !== undefined || boundary) rounds.push(round);
    if (round.killedAt !== undefined) tokens.push(token);
    return round;
  }

  // makes the table, with requests that later calls don't have
  await firstCall();
  const { requests } = await firstCall();
  let longestMs = 0;
  for (let n = 0; n < 3; n += 1) longestMs = Math.max(longestMs, (await firstCall()).tookMs);
  const plan = Array.from({ length: requests }).flatMap((_, request) => SIDES.map((side) => ({ request, side })));
  const step = Math.max(1, plan.length / kills.atBoundaries);
  for (let n = 0; n < plan.length; n += step) await firstCall(undefined, plan[Math.floor(n)]);
  const killedAtRandom = () =>
    rounds.filter(({ at, killedAt }) => at.startsWith('after ') && at.endsWith('ms') && killedAt);
  for (let n = 0; killedAtRandom().length < kills.atRandom && n < 4 * kills.atRandom; n += 1) {
    await firstCall(random(0, longestMs));
  }

  const killed = rounds.filter(({ killedAt }) => killedAt !== undefined);
  const created = killed.filter(({ userId }) => userId !== undefined);
  const mapped = async () =>
    new Set(
      (await people.rows()).filter(({ partitionKey }) => partitionKey !== 'pending').map(({ identity }) => identity),
    );
  const before = await mapped();
  const withoutRow = created.filter(({ userId = '' }) => !before.has(userId)).length;

  // every second one comes back before the scheduled run
  const nextCalls: string[] = [];
  for (let n = 0; n < tokens.length; n += 2) {
    const [first, second] = [
      await callAs(app, tokens[n] ?? '', 'POST', 'me/token'),
      await callAs(app, tokens[n] ?? '', 'POST', 'me/token'),
    ];
    nextCalls.push(userOf(first) === userOf(second) ? codeOf(first) : 'another user');
  }
  await app.stop();
  around.reset();
  const later = await around.open(people.settings, { aheadMs: LATER_MS });
  await later.fireTimer();
  await later.stop();

  const rows = await people.rows();
  const existing = new Set(people.existing());
  const after = await mapped();
  const lost = created
    .filter(({ userId = '' }) => existing.has(userId) && !after.has(userId))
    .map(({ at, killedAt = 0, deliveredAt }) => ({
      at,
      knownForMs: deliveredAt === undefined ? undefined : killedAt - deliveredAt,
    }));
  await people.close();
  const unexplained = [...existing].filter((id) => !after.has(id)).length - lost.length;
  if (unexplained !== 0) throw new Error(`${unexplained} users of calls that were not killed have no row.`);
  return {
    killed: killed.length,
    endedBefore: rounds.length - killed.length,
    created: created.length,
    withoutRow,
    lost,
    rowsWithoutUser: [...after].filter((id) => !existing.has(id)).length,
    pendingRows: rows.filter(({ partitionKey }) => partitionKey === 'pending').length,
    nextCalls: [...new Set(nextCalls)],
  };
}
