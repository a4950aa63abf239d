import { describeError, redactText, redactToken, redactValue, rememberSecret } from '../src/redact';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOngifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';

test.each([
  [`token ${JWT}.`, 'token [redacted].'],
  ['endpoint=https://x/;accesskey=abc123==;x', 'endpoint=https://x/;accesskey=[redacted];x'],
  ['AccountName=a;AccountKey=Zm9v/bar==;', 'AccountName=a;AccountKey=[redacted];'],
  ['GET https://app/api/runs?code=abcDEF_-==&top=1', 'GET https://app/api/runs?code=[redacted]&top=1'],
  ['?sv=1&sig=abc%2Bdef', '?sv=1&sig=[redacted]'],
  ['Authorization: Bearer abc.def-ghi_jkl', 'Authorization: Bearer [redacted]'],
  ['HMAC-SHA256 SignedHeaders=x&Signature=abcdefgh12345678=', 'HMAC-SHA256 SignedHeaders=x&Signature=[redacted]'],
  ['nothing to hide: 8:acs:guid_guid', 'nothing to hide: 8:acs:guid_guid'],
])('%s', (text, safe) => {
  expect(redactText(text)).toBe(safe);
});

test('a secret that is known is masked in any surrounding', () => {
  rememberSecret('s3cr3t/with+signs');
  expect(redactText('xs3cr3t/with+signsx')).toBe('x[redacted]x');
});

test('a token is kept as the first 12 digits of its hash', () => {
  expect(redactToken('abc', { scopes: ['chat'] })).toEqual({
    redacted: true,
    sha256: 'ba7816bf8f01',
    scopes: ['chat'],
  });
});

test('values are redacted at any depth', () => {
  expect(redactValue({ a: [{ token: 'abc', note: `see ${JWT}`, n: 1, none: null }] })).toEqual({
    a: [{ token: { redacted: true, sha256: 'ba7816bf8f01' }, note: 'see [redacted]', n: 1, none: null }],
  });
});

test("an error's stack and causes are told without secrets, also where something else than an Error was thrown", () => {
  const error = new Error('outer', { cause: new Error('accesskey=abc', { cause: { key: 'abc' } }) });
  const text = describeError(error);
  expect(text).toContain('outer');
  expect(text).toContain('accesskey=[redacted]');
  expect(text).toContain('not an Error');
});
