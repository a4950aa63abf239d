// Scheduled runs that change the state of their connection, whose process is killed (-9) at random times, and before, during and after each request
// from the change of the state on: to storage, to ACS and to the receiver. After each of them comes a reader or the next scheduled run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../../src/runs/run';
import { startReceiver } from '../status/receiver';
import { startSurroundings } from './appWithProxies';
import { startMeddlingProxy, type Asked, type Meddling } from './meddlingProxy';

/** More than the time for which a process that died keeps the right to send. */
const CLAIM_MS = 40_000;
/** Runs that are younger may still be running. */
const LATER_MS = 6 * 60_000;
const SIDES = ['before', 'during', 'after', 'delivered'] as const;

interface Boundary {
  request: number;
  side: (typeof SIDES)[number];
}

export interface KilledNotifications {
  /** Runs whose process was killed. */
  killed: number;
  /** Runs that ended before the time at which they were to be killed. */
  endedBefore: number;
  /** The changes of the state that the recorded runs make, in order: `failing` or `recovered`. */
  changes: string[];
  /** What the receiver got, without repetitions: ids and types in the order in which they came first. */
  got: { id: string; type: string }[];
  /** Requests that brought a notification again. */
  repeated: {
    /** The process died before it had the answer of the receiver. */
    answerLost: number;
    /** The process had the answer, and died before it could store that. */
    notStored: number;
    /** Neither: a defect. */
    unexplained: number;
    /** The same id with another content: a defect. */
    different: number;
  };
  /** Times at which a change was stored, and its notification was not sent before the next reader or run. */
  sentLater: number;
}

export async function killNotifications(kills: number): Promise<KilledNotifications> {
  const directory = await mkdtemp(join(tmpdir(), 'killed-notifications-'));
  const clockFile = join(directory, 'aheadMs');
  const around = await startSurroundings();
  const receiver = await startReceiver();
  const hook = await startMeddlingProxy(Number(new URL(receiver.url).port));
  let aheadMs = 0;
  /** Of the run that is going on. */
  let requests: string[] = [];
  let stopAt: Boundary | undefined;
  let kill: (() => void) | undefined;
  let isKilled = false;
  /** For each request that came to the receiver: its id, its content, and what became of the process. */
  const arrivals: { id: string; type: string; body: string; hadAnswer: boolean; wasKilled: () => boolean }[] = [];

  const die = () => kill?.();
  const meddle =
    (name: string, minMs: number, maxMs: number) =>
    ({ method, path, body }: Asked): Meddling => {
      const index = requests.length;
      requests.push(`${name} ${method} ${path}`);
      const side = stopAt?.request === index ? stopAt.side : undefined;
      if (side === 'before') {
        die();
        return { hang: true };
      }
      const round = requests;
      let arrival: (typeof arrivals)[number] | undefined;
      return {
        delayMs: minMs + Math.random() * (maxMs - minMs),
        onPassedOn: () => side === 'during' && die(),
        onAnswered: () => {
          if (name === 'receiver') {
            const { id, type } = JSON.parse(body) as { id: string; type: string };
            arrival = { id, type, body, hadAnswer: false, wasKilled: () => killedRounds.has(round) };
            arrivals.push(arrival);
          }
          if (side === 'after') die();
        },
        onDelivered: () => {
          if (arrival && !(requests === round && isKilled)) arrival.hadAnswer = true;
          if (side === 'delivered') die();
        },
      };
    };
  const killedRounds = new Set<string[]>();
  around.acs.meddle = meddle('acs', 2, 15);
  around.tables.meddle = meddle('tables', 2, 15);
  hook.meddle = meddle('receiver', 5, 40);

  await writeFile(clockFile, '0');
  const app = await around.open({
    WEBSITE_SITE_NAME: 'killed',
    NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${hook.port}/hook`,
    TEST_CLOCK_AHEAD_FILE: clockFile,
  });

  /** Waits for the process after `pid`. Its clock is ahead by `aheadMs`, and then those of the services are too. */
  const nextProcess = async (pid: number) => {
    while ((await around.pid()) === pid) {
      await app.call('GET', 'health').catch(() => undefined);
      await new Promise((done) => setTimeout(done, 10));
    }
    around.setClocks(aheadMs);
  };
  const setNextClock = async (moreMs: number) => {
    aheadMs += moreMs;
    await writeFile(clockFile, String(aheadMs));
  };
  const read = async () =>
    ((await app.call('GET', 'runs/statistics')).body.connections as { state: string }[])[0]?.state;

  /** A scheduled run that fails or succeeds, and is killed after `afterMs`, at `boundary`, or not at all. */
  async function scheduledRun(fails: boolean, afterMs?: number, boundary?: Boundary) {
    around.emulator.clearFaults();
    if (fails) around.emulator.addFault({ operation: 'issueAccessToken', status: 403, count: 1 });
    const round: string[] = [];
    requests = round;
    const pid = await around.pid();
    await setNextClock(CLAIM_MS);
    isKilled = false;
    const died = new Promise<'died'>((done) => {
      kill = () => {
        kill = undefined;
        isKilled = true;
        killedRounds.add(round);
        process.kill(pid, 'SIGKILL');
        done('died');
      };
    });
    stopAt = boundary;
    const startedAt = performance.now();
    const ended = app.fireTimer().then(
      () => 'ended' as const,
      () => 'ended' as const,
    );
    const timer = afterMs === undefined ? undefined : setTimeout(die, afterMs);
    await Promise.race([ended, died]);
    const tookMs = performance.now() - startedAt;
    clearTimeout(timer);
    kill = stopAt = undefined;
    if (isKilled) await nextProcess(pid);
    // a process keeps its clock
    else await setNextClock(-CLAIM_MS);
    await ended;
    // what was passed on still comes to be
    await new Promise((done) => setTimeout(done, 60));
    return { tookMs, requests: round };
  }

  const close = async () => {
    await app.stop();
    await Promise.all([hook.close(), receiver.close(), around.close()]);
    await rm(directory, { recursive: true });
  };
  try {
    // makes the table, with requests that later runs don't have
    await scheduledRun(false);
    const plan: Record<'true' | 'false', Boundary[]> = { true: [], false: [] };
    let longestMs = 0;
    for (const fails of [true, false]) {
      const one = await scheduledRun(fails);
      longestMs = Math.max(longestMs, one.tookMs);
      // the read of the state, before the change
      const first = one.requests.findIndex((request) => request.includes('state!'));
      for (let request = first; request < one.requests.length; request += 1)
        for (const side of SIDES) plan[`${fails}`].push({ request, side });
    }

    let sentLater = 0;
    let n = 0;
    // A random time can come after the end of the run: such a round kills nothing, and another one follows.
    for (; killedRounds.size < kills && n < 4 * kills; n += 1) {
      const fails = (await read()) !== 'Failing';
      const sentBefore = arrivals.length;
      const boundaries = plan[`${fails}`];
      // each second one at a boundary, spread over all of them
      const step = Math.max(1, Math.floor((boundaries.length * 2) / Math.max(kills, 1)));
      const boundary = n % 2 === 0 ? boundaries[((n / 2) * step) % boundaries.length] : undefined;
      await scheduledRun(fails, boundary ? undefined : Math.random() * longestMs, boundary);
      const hadSent = arrivals.length > sentBefore;
      if (n % 3 === 0) await scheduledRun(fails);
      else await read();
      if (!hadSent && arrivals.length > sentBefore) sentLater += 1;
    }
    const killed = killedRounds.size;
    const endedBefore = n - killed;

    await setNextClock(LATER_MS);
    const pid = await around.pid();
    process.kill(pid, 'SIGKILL');
    await nextProcess(pid);
    await scheduledRun(false);
    await read();
    const runs: Run[] = [];
    for (let path: string | undefined = 'runs?top=250'; path !== undefined;) {
      const page = (await app.call('GET', path)).body as { value?: unknown; nextLink?: unknown };
      runs.push(...(page.value as Run[]));
      path = typeof page.nextLink === 'string' ? page.nextLink.replace(/^\/api\//, '') : undefined;
    }

    const first = new Map<string, (typeof arrivals)[number]>();
    const last = new Map<string, (typeof arrivals)[number]>();
    const repeated = { answerLost: 0, notStored: 0, unexplained: 0, different: 0 };
    for (const arrival of arrivals) {
      const before = last.get(arrival.id);
      if (before) {
        if (!before.wasKilled()) repeated.unexplained += 1;
        else if (before.hadAnswer) repeated.notStored += 1;
        else repeated.answerLost += 1;
        if (before.body !== arrival.body) repeated.different += 1;
      } else first.set(arrival.id, arrival);
      last.set(arrival.id, arrival);
    }
    const got = [...first.values()].map(({ id, type }) => ({ id, type: type.replace('acs-identity.connection.', '') }));
    return { killed, endedBefore, changes: changesOf(runs), got, repeated, sentLater };
  } finally {
    await close();
  }
}

/** What the recorded runs make of the state, worked out without the app's own code. */
function changesOf(runs: readonly Run[]): string[] {
  const changes: string[] = [];
  for (const { status, trigger } of runs.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1))) {
    const isFailing = changes.at(-1) === 'failing';
    if (trigger.kind !== 'Timer') continue;
    if (status === 'Failed' && !isFailing) changes.push('failing');
    if (status === 'Succeeded' && isFailing) changes.push('recovered');
  }
  return changes;
}
