// First calls of people whose process is killed (-9): at random times, and before, during and after each request to ACS and to the storage. After all of
// them comes one scheduled run. Then each ACS user should have a row, and each row a user, except users whose process died as it learned of them.
import { startPeople, userOf, callAs, codeOf } from './peopleUnderTest';
import type { Asked, Meddling } from './meddlingProxy';

/** Calls that are younger may still be going on. */
const LATER_MS = 6 * 60_000;
const SIDES = ['before', 'during', 'after', 'delivered'] as const;

interface Boundary {
  request: number;
  side: (typeof SIDES)[number];
}

interface Round {
  at: string;
  /** Number of requests so far, to both services. */
  requests: number;
  /** The user that ACS has created, and when its id had been written to the process (performance.now). */
  userId?: string;
  deliveredAt?: number;
  killedAt?: number;
}

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

const random = (from: number, to: number) => from + Math.random() * (to - from);

/** @param atBoundaries number of kills at requests, spread over all of them; Infinity: each side of each request */
export async function killFirstCalls(kills: { atRandom: number; atBoundaries: number }): Promise<KilledFirstCalls> {
  const people = await startPeople();
  const { around } = people;
  const rounds: Round[] = [];
  let current: Round = { at: '', requests: 0 };
  let stopAt: Boundary | undefined;
  let kill: () => void = () => undefined;

  /** Delays as of a network, notes about users, and death where it is wanted. */
  const meddle =
    (isAcs: boolean) =>
    ({ method, path }: Asked): Meddling => {
      const round = current;
      const index = round.requests;
      round.requests += 1;
      const side = stopAt?.request === index ? stopAt.side : undefined;
      const createsUser = isAcs && method === 'POST' && path.startsWith('/identities?');
      if (side === 'before') {
        kill();
        return { hang: true };
      }
      return {
        delayMs: isAcs ? random(5, 40) : random(2, 20),
        onPassedOn: () => side === 'during' && kill(),
        onAnswered: (body) => {
          const id = createsUser ? (JSON.parse(body) as { identity?: { id: string } }).identity?.id : undefined;
          if (id !== undefined) round.userId = id;
          if (side === 'after') kill();
        },
        onDelivered: () => {
          if (createsUser && round.killedAt === undefined) round.deliveredAt = performance.now();
          if (side === 'delivered') kill();
        },
      };
    };
  around.acs.meddle = meddle(true);
  around.tables.meddle = meddle(false);
  const app = await around.open(people.settings);
  const tokens: string[] = [];

  /** One first call; it is killed after `afterMs`, at `boundary`, or not at all. */
  async function firstCall(afterMs?: number, boundary?: Boundary): Promise<{ tookMs: number; requests: number }> {
    const token = people.somebody();
    // what a process loads and fetches once is not what is tested
    current = { at: '', requests: 0 };
    await callAs(app, token, 'GET', 'me');
    const at = boundary ? `${boundary.side} request ${boundary.request}` : `after ${Math.round(afterMs ?? NaN)} ms`;
    const round: Round = { at, requests: 0 };
    current = round;
    if (afterMs !== undefined || boundary) rounds.push(round);
    const pid = await around.pid();
    const died = new Promise<void>((done) => {
      kill = () => {
        if (round.killedAt !== undefined) return;
        round.killedAt = performance.now();
        process.kill(pid, 'SIGKILL');
        done();
      };
    });
    stopAt = boundary;
    const startedAt = performance.now();
    const answered = callAs(app, token, 'POST', 'me/token').catch(() => undefined);
    const timer = afterMs === undefined ? undefined : setTimeout(() => kill(), afterMs);
    await Promise.race([answered, died]);
    await answered;
    clearTimeout(timer);
    const tookMs = performance.now() - startedAt;
    stopAt = undefined;
    kill = () => undefined;
    if (round.killedAt !== undefined) {
      // until there is another process; what the services were asked for still comes to be
      while ((await around.pid()) === pid) await app.call('GET', 'health').catch(() => undefined);
      await new Promise((done) => setTimeout(done, 60));
      tokens.push(token);
    }
    return { tookMs, requests: round.requests };
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
