import { DEFAULT_RETRY, isRetryable, nextDelay } from '../../src/identity/retries';

const middle = () => 0.5;

test('waits are 0.5, 1 and 2 s, then it is over', () => {
  expect([0, 1, 2, 3].map((n) => nextDelay(DEFAULT_RETRY, n, 60_000, undefined, middle))).toEqual([
    500,
    1000,
    2000,
    undefined,
  ]);
});

test('waits have jitter of a quarter either way', () => {
  expect(nextDelay(DEFAULT_RETRY, 0, 60_000, undefined, () => 0)).toBe(375);
  expect(nextDelay(DEFAULT_RETRY, 0, 60_000, undefined, () => 0.999)).toBeCloseTo(625, 0);
});

test('Retry-After lengthens a wait, and is given up when it is longer than what is left', () => {
  expect(nextDelay(DEFAULT_RETRY, 0, 60_000, 3_000, middle)).toBe(3_000);
  expect(nextDelay(DEFAULT_RETRY, 0, 60_000, 100, middle)).toBe(500);
  expect(nextDelay(DEFAULT_RETRY, 0, 2_000, 3_000, middle)).toBeUndefined();
  expect(nextDelay(DEFAULT_RETRY, 2, 1_500, undefined, middle)).toBeUndefined();
});

test.each([
  ['createUser', { kind: 'refused' }, true],
  ['createUser', { kind: 'http', status: 429 }, true],
  ['createUser', { kind: 'http', status: 503 }, false],
  ['createUser', { kind: 'http', status: 408 }, false],
  ['createUser', { kind: 'network' }, false],
  ['createUser', { kind: 'timeout' }, false],
  ['issueToken', { kind: 'network' }, true],
  ['revokeTokens', { kind: 'http', status: 500 }, true],
  ['deleteUser', { kind: 'http', status: 408 }, true],
  ['exchangeTeamsToken', { kind: 'http', status: 503 }, true],
  ['issueToken', { kind: 'http', status: 401 }, false],
  ['issueToken', { kind: 'http', status: 400 }, false],
  ['deleteUser', { kind: 'timeout' }, false],
  ['deleteUser', { kind: 'credential' }, true],
  ['createUser', { kind: 'credential' }, true],
  ['issueToken', { kind: 'incomplete' }, false],
  ['issueToken', { kind: 'stopped' }, false],
] as const)('%s after %j may be repeated: %s', (operation, failure, expected) => {
  expect(isRetryable(operation, failure)).toBe(expected);
});
