import { HttpRequest, InvocationContext, type HttpResponseInit } from '@azure/functions';
import { AppError } from '../../src/base/errors';
import { handle } from '../../src/http/handle';
import { createUserInput, exchangeTeamsTokenInput, issueTokenInput } from '../../src/identity/inputs';
import { startRunInput } from '../../src/runs/inputs';
import { listRunsInput } from '../../src/runs/inputs';
import type { InputSpec } from '../../src/http/validate';

const USER = '8:acs:11111111-1111-4111-8111-111111111111_00000026-0000-0000-0000-000000000001';

interface Answer {
  status: number | undefined;
  headers: Record<string, string>;
  body: { error?: { code: string; message: string; target?: string; details?: { target: string; message: string }[] } };
  logs: string[];
}

/** Sends a request through the real HttpRequest and InvocationContext to a handler that answers its input. */
async function send(
  spec: InputSpec,
  wish: {
    body?: unknown;
    raw?: string | Uint8Array;
    params?: Record<string, string>;
    query?: Record<string, string>;
    headers?: Record<string, string>;
  } = {},
  work: (input: unknown) => Promise<HttpResponseInit> = (input) => Promise.resolve({ status: 200, jsonBody: input }),
): Promise<Answer> {
  const raw = wish.raw ?? (wish.body === undefined ? undefined : JSON.stringify(wish.body));
  const length: Record<string, string> = raw === undefined ? {} : { 'content-length': String(Buffer.byteLength(raw)) };
  const request = new HttpRequest({
    method: 'POST',
    url: 'http://localhost/api/x',
    ...(raw === undefined ? {} : { body: typeof raw === 'string' ? { string: raw } : { bytes: raw } }),
    params: wish.params ?? {},
    query: wish.query ?? {},
    headers: { ...length, ...wish.headers },
  });
  const logs: string[] = [];
  const context = new InvocationContext({
    invocationId: 'the-invocation',
    functionName: 'x',
    logHandler: (_level, ...args) => void logs.push(args.join(' ')),
  });
  const answer = (await handle(spec, work)(request, context)) as HttpResponseInit;
  return {
    status: answer.status,
    headers: answer.headers as Record<string, string>,
    body: (answer.jsonBody ?? {}) as Answer['body'],
    logs,
  };
}

const targets = ({ body }: Answer) => body.error?.details?.map(({ target }) => target);

test('every invalid field is reported at once, each with its target', async () => {
  const answer = await send(issueTokenInput, {
    params: { userId: 'bob' },
    body: { scopes: ['chat', 'mail', 5], expiresInMinutes: 59.5, scope: 'chat', extra: 1 },
  });
  expect(answer.status).toBe(400);
  expect(answer.headers['x-ms-error-code']).toBe('InvalidRequest');
  expect(targets(answer)).toEqual([
    'userId',
    'scopes[1]',
    'scopes[2]',
    'expiresInMinutes',
    'expiresInMinutes',
    'scope',
    'extra',
  ]);
  expect(answer.body.error?.details?.[1]?.message).toBe(
    'scopes[1] is not a scope. Scopes are: chat, voip, chat.join, chat.join.limited, voip.join.',
  );
  expect(answer.body.error).toMatchObject({
    target: 'userId',
    message: expect.stringMatching(/7 invalid fields/) as string,
  });
});

test.each<[string, InputSpec, unknown, string[]]>([
  ['no scopes', issueTokenInput, {}, ['scopes']],
  ['scopes null', issueTokenInput, { scopes: null }, ['scopes']],
  ['empty scopes', issueTokenInput, { scopes: [] }, ['scopes']],
  ['scopes that are a text', issueTokenInput, { scopes: 'chat' }, ['scopes']],
  ['an expiry of 59', issueTokenInput, { scopes: ['chat'], expiresInMinutes: 59 }, ['expiresInMinutes']],
  ['an expiry of 1441', issueTokenInput, { scopes: ['chat'], expiresInMinutes: 1441 }, ['expiresInMinutes']],
  ['an expiry that is a text', issueTokenInput, { scopes: ['chat'], expiresInMinutes: '60' }, ['expiresInMinutes']],
  ['a list for a body', issueTokenInput, [], ['body']],
  ['null for a body', issueTokenInput, null, ['body']],
  ['an expiry without scopes', createUserInput, { expiresInMinutes: 60 }, ['expiresInMinutes']],
  [
    'an expiry with empty scopes',
    createUserInput,
    { createTokenWithScopes: [], expiresInMinutes: 60 },
    ['expiresInMinutes'],
  ],
])('%s is refused', async (_what, spec, body, expected) => {
  const answer = await send(spec, { params: { userId: USER }, body });
  expect([answer.status, targets(answer)]).toEqual([400, expected]);
});

test.each(['constructor', '__proto__', 'prototype'])('a field named %s is refused as an unknown one', async (name) => {
  for (const spec of [createUserInput, issueTokenInput, exchangeTeamsTokenInput, startRunInput]) {
    const raw = `{${JSON.stringify(name)}: {"scopes": ["chat"]}}`;
    const answer = await send(spec, { params: { userId: USER }, raw });
    expect(answer.status).toBe(400);
    expect(targets(answer)).toContain(name);
  }
});

test('a list that is too long is one error, whatever is in it; of many unknown fields 50 are reported', async () => {
  const list = await send(issueTokenInput, { params: { userId: USER }, body: { scopes: Array(32_000).fill(0) } });
  expect([list.status, targets(list)]).toEqual([400, ['scopes']]);
  expect(list.body.error?.message).toBe('scopes must have at most 5 entries, because there are only 5 scopes.');
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, 1]));
  const answer = await send(createUserInput, { body: many });
  expect(answer.body.error?.details).toHaveLength(50);
  expect(answer.body.error?.message).toMatch(/more than 50 invalid fields/);
});

test("an unknown field's name is cut, in one line and redacted", async () => {
  for (const [name, target] of [
    [`eyJ${'a'.repeat(60)}.${'b'.repeat(1_000)}`, '[redacted]…'],
    ['a\r\nb', 'a b'],
    ['', '(no name)'],
    ['x'.repeat(1_000), `${'x'.repeat(63)}…`],
  ] as const) {
    expect(targets(await send(createUserInput, { body: { [name]: 1 } }))).toEqual([target]);
  }
});

test('nulls count as absent, and an optional body may be missing', async () => {
  expect((await send(createUserInput, { body: { createTokenWithScopes: null, expiresInMinutes: null } })).status).toBe(
    200,
  );
  expect((await send(createUserInput)).status).toBe(200);
  expect((await send(startRunInput, { body: { scopes: null } })).status).toBe(200);
});

test('a body that must be there is asked for', async () => {
  const answer = await send(issueTokenInput, { params: { userId: USER } });
  expect([answer.status, targets(answer)]).toEqual([400, ['body']]);
});

test.each(['{"scopes":["chat"', 'scopes=chat', '"', '\u0000'])(
  'a body that is not JSON is refused without being repeated: %j',
  async (raw) => {
    const answer = await send(issueTokenInput, { params: { userId: USER }, raw });
    expect([answer.status, targets(answer), answer.body.error?.message]).toEqual([
      400,
      ['body'],
      'The body is not JSON. Send a JSON object in UTF-8.',
    ]);
  },
);

test('a body that is not UTF-8 is refused', async () => {
  expect((await send(createUserInput, { raw: Uint8Array.from([0x7b, 0xff, 0x7d]) })).status).toBe(400);
});

test.each([
  USER,
  encodeURIComponent(USER),
  USER.replace('acs', 'gcch-acs'),
  USER.replace('acs', 'dod-acs'),
  `${USER}_11111111-1111-4111-8111-111111111111`,
])('a user id may be raw or percent-encoded: %s', async (userId) => {
  const answer = await send(issueTokenInput, { params: { userId }, body: { scopes: ['chat'] } });
  expect(answer).toMatchObject({ status: 200, body: { userId: decodeURIComponent(userId) } });
});

test.each(['', '8:orgid:11111111-1111-4111-8111-111111111111', '8:acs:x', `${USER}/..`, `${USER}%zz`, `x${USER}`])(
  'a malformed user id is refused: %s',
  async (userId) => {
    const answer = await send(issueTokenInput, { params: { userId }, body: { scopes: ['chat'] } });
    expect([answer.status, targets(answer)]).toEqual([400, ['userId']]);
  },
);

test.each([
  ['chunked', { 'transfer-encoding': 'chunked' }],
  ['of JSON type without a length', { 'content-type': 'application/json; charset=utf-8' }],
])('a body that is %s is refused with 411, also where bodies are optional', async (_what, headers) => {
  for (const spec of [createUserInput, issueTokenInput, startRunInput]) {
    const answer = await send(spec, { params: { userId: USER }, headers });
    expect(answer).toMatchObject({ status: 411, body: { error: { code: 'LengthRequired' } } });
  }
});

test('a body of 64 KiB is read, one byte more is not', async () => {
  const body = (bytes: number) => `{"scopes":["chat"]${' '.repeat(bytes - 19)}}`;
  expect((await send(issueTokenInput, { params: { userId: USER }, raw: body(65_536) })).status).toBe(200);
  expect(await send(issueTokenInput, { params: { userId: USER }, raw: body(65_537) })).toMatchObject({
    status: 413,
    body: { error: { code: 'RequestTooLarge' } },
  });
  expect(
    await send(issueTokenInput, { params: { userId: USER }, raw: '{}', headers: { 'content-length': '99999999' } }),
  ).toMatchObject({ status: 413 });
});

test.each([
  [{ status: 'failed' }, 'status'],
  [{ top: '0' }, 'top'],
  [{ top: '251' }, 'top'],
  [{ top: 'ten' }, 'top'],
  [{ since: 'yesterday' }, 'since'],
  [{ until: '2026-13-01' }, 'until'],
  [{ continuationToken: "x' or RowKey ne '" }, 'continuationToken'],
])('a query value that is none is refused: %j', async (query, target) => {
  const answer = await send(listRunsInput, { query });
  expect([answer.status, targets(answer)]).toEqual([400, [target]]);
});

test('names of query values are taken in any case', async () => {
  const answer = await send(startRunInput, { query: { Connection: 'Two', FAILONERROR: 'true' } });
  expect(answer).toMatchObject({ status: 200, body: { connection: 'Two', failOnError: 'true' } });
  expect(await send(listRunsInput, { query: { STATUS: 'failed' } })).toMatchObject({ status: 400 });
});

test('a query name that the function does not take is refused, with those that it takes', async () => {
  const answer = await send(startRunInput, { query: { conection: 'Two', top: '5', connection: 'Two' } });
  expect([answer.status, targets(answer)]).toEqual([400, ['conection', 'top']]);
  expect(answer.body.error?.details?.[0]?.message).toBe(
    'conection is not a query name of this function. Names are: connection, failOnError.',
  );
  const none = await send({}, { query: { connection: 'Two' } });
  expect(none.body.error?.message).toBe('connection is not a query name of this function. It takes none.');
  const hostile = await send({}, { query: { ['x\r\n'.repeat(100)]: '', ['eyJ'.repeat(100)]: '', constructor: '' } });
  expect(targets(hostile)).toEqual([`${'x '.repeat(21)}…`, '[redacted]…', 'constructor']);
});

test('query names that platforms, trackers and caches add are no error', async () => {
  const names = ['code', 'clientId', 'CLIENTID', 'subscription-key', 'api-version', 'traceparent', 'tracestate'];
  const added = [...names, 'utm_source', 'utm_campaign_id', 'gclid', 'fbclid', 'msclkid', 'WT.mc_id', '_'];
  const query = Object.fromEntries(added.map((name) => [name, 'x']));
  expect((await send(createUserInput, { query: { ...query, connection: 'Two' } })).body).toEqual({ connection: 'Two' });
  expect((await send({ ignoresQuery: true }, { query: { whatever: 'x' } })).status).toBe(200);
});

test('answers carry the invocation, echo the ids of the caller, and are not cached', async () => {
  const { headers } = await send(
    {},
    { headers: { 'x-ms-client-request-id': 'abc', 'x-ms-client-tracking-id': 'order 7' } },
  );
  expect(headers).toMatchObject({
    'x-ms-request-id': 'the-invocation',
    'x-ms-client-request-id': 'abc',
    'x-ms-client-tracking-id': 'order 7',
    'Cache-Control': 'no-store',
  });
});

test('a tracking id that looks like a token or a key is refused, since it would be logged', async () => {
  for (const value of [`eyJ${'a'.repeat(30)}.eyJ${'b'.repeat(30)}.`, 'endpoint=https://x/;accesskey=c2VjcmV0']) {
    const answer = await send({}, { headers: { 'x-ms-client-tracking-id': value } });
    expect(answer).toMatchObject({ status: 400, body: { error: { target: 'x-ms-client-tracking-id' } } });
    expect(JSON.stringify(answer)).not.toContain(value);
  }
});

test('a tracking id that is too long or not printable is refused; such a request id is not echoed', async () => {
  for (const value of ['x'.repeat(129), 'caf\u00e9', ' x\t']) {
    expect(await send({}, { headers: { 'x-ms-client-tracking-id': value } })).toMatchObject(
      value.trim() === 'x' ? { status: 200 } : { status: 400, body: { error: { target: 'x-ms-client-tracking-id' } } },
    );
  }
  expect((await send({}, { headers: { 'x-ms-client-request-id': 'x'.repeat(200) } })).headers).not.toHaveProperty(
    'x-ms-client-request-id',
  );
});

test("an unexpected error is a 500 with the invocation's id; its cause is in the log only, redacted", async () => {
  const answer = await send({}, {}, () => Promise.reject(new Error('boom accesskey=c2VjcmV0')));
  expect(answer).toMatchObject({ status: 500, body: { error: { code: 'InternalError' } } });
  expect(JSON.stringify(answer.body)).not.toContain('boom');
  expect(answer.body.error?.message).toContain('the-invocation');
  expect(answer.logs.join()).toContain('boom accesskey=[redacted]');
});

test('an error that says when to come back sets Retry-After', async () => {
  const answer = await send({}, {}, () =>
    Promise.reject(
      new AppError(429, 'Throttled', 'x', { retryAfterSeconds: 7, innererror: { code: 'TooMany', 'ms-cv': 'cv' } }),
    ),
  );
  expect(answer).toMatchObject({
    status: 429,
    headers: { 'Retry-After': '7' },
    body: { error: { innererror: { code: 'TooMany', 'ms-cv': 'cv' } } },
  });
});
