import { setTimeout as sleep } from 'node:timers/promises';

/** setTimeout treats a longer delay as 1 ms. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

const POLL_INTERVAL_MS = 20;

/** Waits until the condition is true, but not longer than the limit. */
export async function waitUntil(condition: () => boolean, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!condition() && Date.now() < deadline) await sleep(POLL_INTERVAL_MS);
}
