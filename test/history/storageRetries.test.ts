import { retryTransient } from '../../src/history/storageRetries';

test('a wait between two attempts ends when the signal aborts', async () => {
  const limit = new AbortController();
  let attempts = 0;
  const failing = () => {
    attempts += 1;
    return Promise.reject(Object.assign(new Error('busy'), { statusCode: 503 }));
  };
  const startedAt = performance.now();
  setTimeout(() => limit.abort(), 20);
  await expect(retryTransient(failing, startedAt + 8_000, limit.signal)).rejects.toThrow();
  expect(attempts).toBe(1);
  expect(performance.now() - startedAt).toBeLessThan(120);
});
