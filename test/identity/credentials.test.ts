import type { AccessToken } from '@azure/identity';
import { cacheEntraTokens } from '../../src/identity/credentials';

const SCOPE = ['https://communication.azure.com//.default'];
let nowMs: number;
let asked: number;
let answers: (() => Promise<AccessToken>)[];
const token = (name: string, expiresOnTimestamp: number, refreshAfterTimestamp?: number): AccessToken => ({
  token: name,
  expiresOnTimestamp,
  ...(refreshAfterTimestamp === undefined ? {} : { refreshAfterTimestamp }),
});
const credential = () =>
  cacheEntraTokens(
    {
      getToken: () => {
        asked += 1;
        return answers.shift()?.() ?? Promise.reject(new Error('no token'));
      },
    },
    () => nowMs,
    () => nowMs,
  );

beforeEach(() => {
  nowMs = 1_000_000;
  asked = 0;
  answers = [];
});

test('callers at the same time, and later ones, share one request', async () => {
  const kept = credential();
  answers = [() => Promise.resolve(token('a', nowMs + 3_600_000))];
  const got = await Promise.all([kept.getToken(SCOPE), kept.getToken(SCOPE)]);
  expect([...got, await kept.getToken(SCOPE)].map((one) => one?.token)).toEqual(['a', 'a', 'a']);
  expect(asked).toBe(1);
});

test('a token that expires soon is renewed in the background, also after a failure to renew it', async () => {
  const kept = credential();
  answers = [
    () => Promise.resolve(token('a', nowMs + 3_600_000)),
    () => Promise.reject(new Error('once')),
    () => Promise.resolve(token('b', nowMs + 3_600_000)),
  ];
  await kept.getToken(SCOPE);
  nowMs += 3_500_000;
  expect((await kept.getToken(SCOPE))?.token).toBe('a');
  await new Promise(setImmediate);
  expect((await kept.getToken(SCOPE))?.token).toBe('a');
  await new Promise(setImmediate);
  expect((await kept.getToken(SCOPE))?.token).toBe('b');
  expect(asked).toBe(3);
});

test('a token whose refresh time has come is renewed in the background; one that has expired is waited for', async () => {
  const kept = credential();
  answers = [
    () => Promise.resolve(token('a', nowMs + 3_600_000, nowMs + 1_000)),
    () => Promise.resolve(token('b', nowMs + 3_600_000)),
    () => Promise.resolve(token('c', nowMs + 3_600_000)),
  ];
  await kept.getToken(SCOPE);
  nowMs += 2_000;
  expect((await kept.getToken(SCOPE))?.token).toBe('a');
  await new Promise(setImmediate);
  expect((await kept.getToken(SCOPE))?.token).toBe('b');
  nowMs += 3_600_000;
  expect((await kept.getToken(SCOPE))?.token).toBe('c');
});

test('a request without an answer is not waited for by callers after its limit', async () => {
  const kept = credential();
  answers = [() => new Promise(() => undefined), () => Promise.resolve(token('b', nowMs + 3_600_000))];
  void kept.getToken(SCOPE);
  nowMs += 10_000;
  expect((await kept.getToken(SCOPE))?.token).toBe('b');
});

test('after a failure, and with a claims challenge, a new token is asked for', async () => {
  const kept = credential();
  await expect(kept.getToken(SCOPE)).rejects.toThrow('no token');
  answers = ['a', 'b'].map((name) => () => Promise.resolve(token(name, nowMs + 3_600_000)));
  expect((await kept.getToken(SCOPE))?.token).toBe('a');
  expect((await kept.getToken(SCOPE, { claims: '{}' }))?.token).toBe('b');
  expect((await kept.getToken(SCOPE))?.token).toBe('b');
});
