// 10,000 generated requests, most of them bad. Printed with a failure: the seed, which makes the same requests again.
import fc from 'fast-check';
import { connect } from 'node:net';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { issuePath, newUser, send, type CallToSend } from './sentCall';

const seed = Number(process.env.GENERATED_SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 50;

let emulator: IdentityEmulator;
let userId: string;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  userId = await newUser(emulator);
});
afterAll(() => emulator.close());

const segment = fc.oneof(
  fc.constantFrom(
    'identities',
    'teamsUser',
    ':issueAccessToken',
    ':revokeAccessTokens',
    ':exchangeAccessToken',
    'chat',
    'threads',
    '%',
    '%zz',
    '%00',
    '..',
    '%2F',
    '8%3Aacs%3Ax',
  ),
  fc.string({ unit: fc.constantFrom(...'aZ09%:_-.~!$&()*+,;=@'), maxLength: 12 }),
);
const query = fc.oneof(
  fc.constantFrom(
    '?api-version=2023-10-01',
    '?api-version=2021-03-07',
    '?api-version=',
    '?api-version=1999-01-01',
    '?api-version=2023-10-01&api-version=2022-10-01',
    '?',
    '?%',
    '?a=%zz&api-version=2023-10-01',
  ),
);
const aScope = fc.oneof(fc.constantFrom('chat', 'voip', 'Chat', 'mail', ''), fc.jsonValue({ maxDepth: 1 }));
const fields = fc.record(
  {
    scopes: fc.oneof(fc.array(aScope, { maxLength: 5 }), fc.jsonValue({ maxDepth: 1 })),
    createTokenWithScopes: fc.oneof(fc.array(aScope, { maxLength: 5 }), fc.jsonValue({ maxDepth: 1 })),
    expiresInMinutes: fc.oneof(fc.integer(), fc.double(), fc.jsonValue({ maxDepth: 1 })),
    token: fc.jsonValue({ maxDepth: 1 }),
    appId: fc.jsonValue({ maxDepth: 1 }),
    userId: fc.jsonValue({ maxDepth: 1 }),
    __proto__: fc.constant({ scopes: ['chat'] }),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.constant(undefined),
  fields,
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(
    '{"scopes":',
    '[]',
    'null',
    '\uFEFF{}',
    '{"a":'.repeat(2_000),
    `{"scopes":["${'x'.repeat(70_000)}"]}`,
  ),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'x-ms-date',
    'x-ms-content-sha256',
    'authorization',
    'x-ms-client-request-id',
    'accept',
    'expect-nothing',
  ),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'text/plain',
      'application/json; charset=utf-16',
      'Bearer x',
      'Bearer a.b.c',
      'HMAC-SHA256 Signature=',
      'HMAC-SHA256 SignedHeaders=host&Signature=AAAA',
      '',
    ),
    fc.string({ unit: fc.constantFrom(...'abc =;:,/"\'<>%\\'), maxLength: 20 }),
  ),
  { maxKeys: 3 },
);

const call: fc.Arbitrary<CallToSend> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'),
    kind: fc.constantFrom('create', 'issue', 'revoke', 'teams', 'random'),
    segments: fc.array(segment, { maxLength: 5 }),
    query,
    body,
    headers: fc.oneof(fc.constant({}), headers),
    signed: fc.boolean(),
    chunked: fc.boolean(),
  })
  .map(({ kind, segments, signed, query: q, body: content, method, ...rest }) => {
    const path = {
      create: '/identities',
      issue: issuePath(userId),
      revoke: `/identities/${segments[0] ?? ''}/:revokeAccessTokens`,
      teams: '/teamsUser/:exchangeAccessToken',
      random: `/${segments.join('/')}`,
    }[kind];
    const isBodiless = method === 'TRACE';
    return {
      ...rest,
      method,
      path: path + q,
      ...(signed ? {} : { sign: false as const }),
      ...(content === undefined || isBodiless ? {} : { body: content }),
    };
  });

/** Sends a call; undefined: the connection was closed without an answer, or the client could not send it. */
async function statusOf(generated: CallToSend): Promise<number | undefined> {
  try {
    return (await send(emulator, generated)).status;
  } catch (error) {
    // an answer that was sent before the body was read breaks the connection; what the client refuses was never sent
    if (
      ['ECONNRESET', 'EPIPE', 'ERR_INVALID_CHAR', 'ERR_UNESCAPED_CHARACTERS'].includes(
        (error as { code?: string }).code ?? '',
      )
    )
      return undefined;
    throw error;
  }
}

/** Writes bytes to a connection and reads what comes back until it is closed. */
function rawAnswer(bytes: Uint8Array): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(emulator.port, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.on('error', () => done(text));
    socket.on('close', () => done(text));
    socket.setTimeout(2_000, () => socket.destroy());
  });
}

async function inBatches<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    await Promise.all(items.slice(from, from + AT_ONCE).map(work));
    if ((from / AT_ONCE) % 10 === 0) await expectGoodCall();
  }
  await expectGoodCall();
}

/** A good call is answered as ever, and soon. */
async function expectGoodCall(): Promise<void> {
  const started = performance.now();
  const { status } = await send(emulator, { path: issuePath(userId), body: { scopes: ['chat'] } });
  expect([status, `seed ${seed}`]).toEqual([200, `seed ${seed}`]);
  expect(performance.now() - started).toBeLessThan(1_000);
}

test('9,000 generated calls: none is answered 5xx, none stops the emulator, none slows the next good call', async () => {
  const seen: Record<number, number> = {};
  const faults: unknown[] = [];
  await inBatches(fc.sample(call, { numRuns: 9_000, seed }), async (generated) => {
    const status = await statusOf(generated);
    seen[status ?? 0] = (seen[status ?? 0] ?? 0) + 1;
    if (status !== undefined && status >= 500) faults.push({ seed, status, generated });
  });
  expect(faults).toEqual([]);
  // they reach all layers: routing, methods, versions, credentials, types
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(['201', '400', '401', '404', '405', '415']));
  expect(Object.values(seen).reduce((a, b) => a + b, 0)).toBe(9_000);
  expect(seen[0] ?? 0).toBeLessThan(2_000);
}, 120_000);

test('1,000 generated byte streams: none is answered 5xx, none stops the emulator', async () => {
  const stream = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc
      .tuple(
        fc.constantFrom(
          'POST /identities HTTP/1.1\r\n',
          'GET / HTTP/9.9\r\n',
          'POST /identities HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
        ),
        fc.string({ maxLength: 80 }),
      )
      .map(([start, rest]) => Buffer.from(start + rest)),
  );
  const faults: unknown[] = [];
  await inBatches(fc.sample(stream, { numRuns: 1_000, seed }), async (bytes) => {
    const answer = await rawAnswer(bytes);
    if (/^HTTP\/1\.1 5/.test(answer)) faults.push({ seed, bytes, answer });
  });
  expect(faults).toEqual([]);
}, 120_000);
