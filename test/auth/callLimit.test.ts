import { CallLimit } from '../../src/auth/callLimit';

const person = (objectId: string) => ({ tenantId: 'iss-1', objectId });

test('people are counted apart, and a new minute begins with the first call after the last one', () => {
  let now = 0;
  const limit = new CallLimit(() => now);
  const isRefused = (id: string) => {
    try {
      limit.count(person(id), 1);
      return false;
    } catch {
      return true;
    }
  };
  expect([isRefused('a'), isRefused('b'), isRefused('a')]).toEqual([false, false, true]);
  now = 59_999;
  expect(isRefused('a')).toBe(true);
  now = 60_000;
  expect([isRefused('a'), isRefused('a')]).toEqual([false, true]);
  now = 119_999;
  expect(isRefused('a')).toBe(true);
});

test('a limit that was changed counts at once', () => {
  const limit = new CallLimit(() => 0);
  limit.count(person('a'), 1);
  expect(() => limit.count(person('a'), 2)).not.toThrow();
  expect(() => limit.count(person('a'), 1)).toThrow(/at most 1 calls/);
});

test('with a million people a minute the memory is bounded and a call takes microseconds', () => {
  let now = 0;
  const limit = new CallLimit(() => now);
  const startedAt = performance.now();
  for (let n = 0; n < 1_000_000; n += 1) {
    now += 0.06;
    limit.count(person(`person-${n}`), 1);
  }
  expect((performance.now() - startedAt) / 1_000_000).toBeLessThan(0.02);
  expect((limit as unknown as { minutes: Map<string, unknown> }).minutes.size).toBeLessThanOrEqual(20_000);
});

test('a call takes microseconds also if almost as many people call in a minute as are remembered', () => {
  const perMinute = 19_999;
  let now = 0;
  const limit = new CallLimit(() => now);
  const call = (n: number) => {
    now += 60_000 / perMinute;
    limit.count({ tenantId: 'iss', objectId: `${n}` }, 30);
  };
  for (let n = 0; n < 2 * perMinute; n += 1) call(n);
  const begin = performance.now();
  for (let n = 0; n < 2_000; n += 1) call(2 * perMinute + n);
  expect((performance.now() - begin) / 2_000).toBeLessThan(0.3);
});
