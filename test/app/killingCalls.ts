// Calls of the app whose process is killed (-9) during the call: after some time, or before, during or after a request to ACS or to the storage.
import type { AppUnderTest } from './appUnderTest';
import type { Surroundings } from './appWithProxies';
import type { Asked, Meddling } from './meddlingProxy';

export const SIDES = ['before', 'during', 'after', 'delivered'] as const;

export interface Boundary {
  /** The number of the request, to both services together, from 0. */
  request: number;
  side: (typeof SIDES)[number];
}

export interface KilledCall {
  /** Where the process was to be killed: `before request 3`, `after 12 ms`. */
  at: string;
  /** Number of requests, to both services. */
  requests: number;
  /** The user that ACS has created, and when its id had been written to the process (performance.now). */
  userId?: string;
  deliveredAt?: number;
  /** Missing if the call ended before (performance.now). */
  killedAt?: number;
  tookMs: number;
}

export const random = (from: number, to: number) => from + Math.random() * (to - from);

/** Makes the services answer with random delays, as over a network. `acsMs`, `tablesMs`: the shortest and the longest. Returns what makes a call. */
export function killingCalls(around: Surroundings, delays: Record<'acsMs' | 'tablesMs', [number, number]>) {
  const nobody = (): KilledCall => ({ at: '', requests: 0, tookMs: 0 });
  let current = nobody();
  let stopAt: Boundary | undefined;
  let kill: () => void = () => undefined;

  const meddle =
    (service: 'acs' | 'tables') =>
    ({ method, path }: Asked): Meddling => {
      const call = current;
      const index = call.requests;
      call.requests += 1;
      const side = stopAt?.request === index ? stopAt.side : undefined;
      const createsUser = service === 'acs' && method === 'POST' && path.startsWith('/identities?');
      if (side === 'before') {
        kill();
        return { hang: true };
      }
      return {
        delayMs: random(...delays[`${service}Ms`]),
        onPassedOn: () => side === 'during' && kill(),
        onAnswered: (body) => {
          const id = createsUser ? (JSON.parse(body) as { identity?: { id: string } }).identity?.id : undefined;
          if (id !== undefined) call.userId = id;
          if (side === 'after') kill();
        },
        onDelivered: () => {
          if (createsUser && call.killedAt === undefined) call.deliveredAt = performance.now();
          if (side === 'delivered') kill();
        },
      };
    };
  around.acs.meddle = meddle('acs');
  around.tables.meddle = meddle('tables');

  /** Calls the app, and kills its process after `afterMs`, at `boundary`, or not at all. Returns when the host has a process again. */
  return async (
    app: AppUnderTest,
    send: () => Promise<unknown>,
    { afterMs, boundary }: { afterMs?: number | undefined; boundary?: Boundary | undefined } = {},
  ): Promise<KilledCall> => {
    const at = boundary ? `${boundary.side} request ${boundary.request}` : `after ${Math.round(afterMs ?? NaN)} ms`;
    const call: KilledCall = { ...nobody(), at };
    current = call;
    const pid = await around.pid();
    const died = new Promise<void>((done) => {
      kill = () => {
        if (call.killedAt !== undefined) return;
        call.killedAt = performance.now();
        process.kill(pid, 'SIGKILL');
        done();
      };
    });
    stopAt = boundary;
    const startedAt = performance.now();
    const answered = send().catch(() => undefined);
    const timer = afterMs === undefined ? undefined : setTimeout(() => kill(), afterMs);
    await Promise.race([answered, died]);
    await answered;
    clearTimeout(timer);
    call.tookMs = performance.now() - startedAt;
    stopAt = undefined;
    kill = () => undefined;
    if (call.killedAt !== undefined) {
      while ((await around.pid()) === pid) await app.call('GET', 'health').catch(() => undefined);
      // what the services were asked for still comes to be
      await new Promise((done) => setTimeout(done, 80));
    }
    current = nobody();
    return call;
  };
}
