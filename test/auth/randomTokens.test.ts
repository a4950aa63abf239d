// Whatever is sent instead of a token, the answer is a refusal: no 5xx, no hang.
import fc from 'fast-check';
import { jwt, rs256, startAuthority, type Authority } from './authority';
import { acceptTokensOf, call, whoAmI } from './callers';

const before = { ...process.env };
let authority: Authority;
const me = whoAmI();

beforeAll(async () => {
  authority = await startAuthority();
  acceptTokensOf(authority, { MY_TOKENS_PER_MINUTE: '999999' });
  expect((await call(me, authority.token())).status).toBe(200);
});
afterAll(async () => {
  await authority.stop();
  process.env = before;
});

/** The answer comes soon, and is a refusal, or the person that a good token names. */
async function expectAnswer(headers: Record<string, string>): Promise<void> {
  const startedAt = performance.now();
  const answer = await call(me, headers);
  expect([200, 401, 403]).toContain(answer.status);
  if (answer.status === 200) {
    expect(answer.person).toEqual({ tenantId: expect.any(String) as string, objectId: expect.any(String) as string });
  } else {
    expect(answer.message).toMatch(/^[A-Z].*\.$/);
    expect(answer.challenge).toMatch(
      /^Bearer error="[\x20\x21\x23-\x5b\x5d-\x7e]+", \w+="[\x20\x21\x23-\x5b\x5d-\x7e]+"$/,
    );
  }
  expect(performance.now() - startedAt).toBeLessThan(2_000);
}

const headerText = fc
  .string({ unit: 'binary-ascii', maxLength: 200 })
  .map((text) => text.replace(/[^\t\x20-\x7e]/g, ' '));

test('any text in the header', async () => {
  const long = fc.constantFrom('a', '.', 'Bearer ', 'a.', ',', ' ').map((one) => one.repeat(30_000 / one.length));
  const text = fc.oneof(
    headerText,
    headerText.map((one) => `Bearer ${one}`),
    long,
    long.map((one) => `Bearer ${one}`),
  );
  await fc.assert(
    fc.asyncProperty(text, (authorization) => expectAnswer({ authorization })),
    { numRuns: 1_000 },
  );
});

test('any JSON as header and claims', async () => {
  const known = { alg: 'RS256', kid: authority.key.id };
  const header = fc.oneof(fc.jsonValue(), fc.record({ alg: fc.constantFrom('RS256', 'none'), kid: fc.jsonValue() }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(header, fc.constant(known)), fc.jsonValue(), async (head, claims) => {
      await expectAnswer({ authorization: `Bearer ${jwt(head, claims, rs256(authority.key))}` });
    }),
    { numRuns: 300 },
  );
});

test('any value of each claim and header parameter of a token that is signed well', async () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>('Token.Self', '', 1e308, -1, 2 ** 53, authority.issuer, '\ud800', ['Token.Self'], {}),
  );
  const names = [
    'iss',
    'aud',
    'exp',
    'nbf',
    'iat',
    'sub',
    'tid',
    'oid',
    'scp',
    'scope',
    'roles',
    'idtyp',
    'ver',
    'azp',
  ];
  const claims = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), odd, { maxKeys: 3 });
  const parameters = fc.dictionary(
    fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'jku', 'jwk', 'x5u', 'zip'),
    odd,
    {
      maxKeys: 2,
    },
  );
  await fc.assert(
    fc.asyncProperty(claims, fc.oneof(fc.constant({}), parameters), (some, head) =>
      expectAnswer({ authorization: `Bearer ${authority.token(some, head)}` }),
    ),
    { numRuns: 1_500 },
  );
});

test('a good token with one character changed or left out', async () => {
  const good = authority.token();
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom('', 'A', '.', '-', '=', '~'), async (at, by) => {
      const changed = good.slice(0, at) + by + good.slice(at + 1);
      const answer = await call(me, changed);
      // the last character of a signature has bits that mean nothing
      if (changed !== good && at < good.length - 1) expect(answer.status).toBe(401);
    }),
    { numRuns: 1_000 },
  );
});
