import { describeError, redactText, redactToken, redactValue, rememberSecret, safeText } from '../../src/base/redact';

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

test('a text that is cut leaves nothing of a secret that the cut divides', () => {
  const key = 'kN0wn+s3cr3t/that-is-quite-long==';
  rememberSecret(key);
  for (const secret of [JWT, key, `Bearer ${'o'.repeat(40)}`, 'accesskey=c2VjcmV0c2VjcmV0', '?code=c2VjcmV0c2VjcmV0']) {
    for (let at = 0; at < 80; at += 1) {
      const text = safeText(`${'.'.repeat(at)} ${secret} and more`, 80);
      expect(text.length).toBeLessThanOrEqual(80);
      // what is left may be 3 characters of a key, or the word that names it
      expect(text).not.toMatch(/eyJh|kN0w|ooo|c2Vj/);
    }
  }
});

test('a text from outside has one line, and ends with … when it was cut', () => {
  expect(safeText('a\r\nb\u0000c\u2028d\u202ee\tf', 100)).toBe('a b c d e f');
  expect(safeText('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…');
  expect(safeText(`${'x'.repeat(8)}\u{1f600}${'x'.repeat(8)}`, 10)).toBe('xxxxxxxx…');
});

describe('errors whose message and stack repeat what a service answered', () => {
  const BODY = 'opaque-body-of-a-service';
  const restError = (more: object, message: string) =>
    Object.assign(new Error(message), { name: 'RestError', ...more });

  test.each([
    [
      'an answer',
      restError({ statusCode: 400, code: 'Bad', response: { bodyAsText: BODY } }, BODY),
      'RestError Bad 400',
    ],
    [
      'an answer that is malformed',
      restError({ code: 'PARSE_ERROR' }, `Error "SyntaxError" occurred while parsing the response body - ${BODY}.`),
      'RestError PARSE_ERROR',
    ],
    ['an error of another name with a response', Object.assign(new Error(BODY), { response: {} }), 'Error'],
    ['a cause', new Error('outer', { cause: restError({ statusCode: 500 }, BODY) }), 'caused by: RestError 500'],
  ])('%s: name, code, status and frames are logged, the message is not', (_what, error, expected) => {
    const text = describeError(error);
    expect(text).toContain(expected);
    expect(text).toContain('\n    at ');
    expect(text).not.toContain(BODY);
  });

  test('the JSON parser quotes what it can not parse', () => {
    let thrown: unknown;
    try {
      JSON.parse(`${BODY}{`);
    } catch (error) {
      thrown = error;
    }
    expect(describeError(thrown)).toMatch(/^SyntaxError\n {4}at /);
  });

  test('a request that got no answer keeps its message', () => {
    const error = restError({ code: 'ECONNREFUSED', request: {} }, 'connect ECONNREFUSED 127.0.0.1:1');
    expect(describeError(error)).toContain('RestError ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1');
  });
});

test('an error in the log is bounded, and its message forges no line', () => {
  const error = new Error(`first\n    at forged (x.js:1:1)\n${'m'.repeat(1_000_000)}`, {
    cause: `a\nb ${'c'.repeat(1_000_000)}`,
  });
  const text = describeError(error);
  expect(text.length).toBeLessThan(15_000);
  expect(text).toMatch(/^Error: first {5}at forged/);
  expect(text).not.toMatch(/\n.*forged/);
  expect(text).toContain('caused by: a b');
});
