// Which tokens are accepted, and how others are refused: with real keys, a real issuer, and answers as a caller gets them.
import type { HttpHandler } from '@azure/functions';
import { CLIENT_ID, hs256, jwt, newKey, OBJECT_ID, startAuthority, TENANT, type Authority } from './authority';
import { acceptTokensOf, call, whoAmI, type Clocks } from './callers';

const ADA = { tenantId: TENANT, objectId: OBJECT_ID };
const before = { ...process.env };
let authority: Authority;
let outsider: Authority;
let clocks: Clocks;
let me: HttpHandler;

beforeAll(async () => {
  authority = await startAuthority();
  outsider = await startAuthority('7a6c1c1e-2f0c-4f0f-8a44-7a4a1f4f6c01');
});
afterAll(async () => {
  await Promise.all([authority.stop(), outsider.stop()]);
  process.env = before;
});
beforeEach(() => {
  acceptTokensOf(authority);
  clocks = { now: Date.now(), elapsed: 0 };
  me = whoAmI(clocks);
});

const seconds = () => Math.floor(clocks.now / 1000);
const header = (alg: string) => ({ typ: 'JWT', alg, kid: authority.key.id });
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const pem = () => authority.key.publicKey.export({ type: 'spki', format: 'pem' });

describe('a token is accepted', () => {
  test.each<[string, (token: string) => string | Record<string, string>]>([
    ['in a header with the usual scheme', (token) => token],
    ["with the scheme 'bearer' in lower case", (token) => ({ authorization: `bearer ${token}` })],
    ['with several blanks after the scheme', (token) => ({ authorization: `BEARER   ${token}` })],
  ])('%s', async (_how, send) => {
    expect(await call(me, send(authority.token()))).toMatchObject({ status: 200, person: ADA });
  });

  test.each<[string, Record<string, unknown>]>([
    ['whose audience is the App ID URI', { aud: `api://${CLIENT_ID}` }],
    ['with several audiences', { aud: ['https://other.example', CLIENT_ID] }],
    ['with other scopes too', { scp: 'User.Read Token.Self' }],
    ['with scopes as an array', { scp: ['Token.Self'] }],
    ["with its scopes in 'scope'", { scp: undefined, scope: 'openid Token.Self' }],
    ["of a person (idtyp 'user') who has roles too", { idtyp: 'user', roles: ['Reader'] }],
    ['without nbf', { nbf: undefined }],
    ['with ids in capitals, which name the same person', { tid: TENANT.toUpperCase(), oid: OBJECT_ID.toUpperCase() }],
  ])('%s', async (_which, claims) => {
    expect(await call(me, authority.token(claims))).toMatchObject({ status: 200, person: ADA });
  });

  test('while clocks differ by 4 minutes, and not by 6', async () => {
    for (const [minutes, status] of [
      [4, 200],
      [6, 401],
    ] as const) {
      expect((await call(me, authority.token({ exp: seconds() - 60 * minutes }))).status).toBe(status);
      expect((await call(me, authority.token({ nbf: seconds() + 60 * minutes }))).status).toBe(status);
    }
  });
});

describe('401 InvalidToken', () => {
  test.each<[string, () => string | Record<string, string>, RegExp]>([
    ['without a header', () => ({}), /^The header Authorization is missing\. Send 'Authorization: Bearer TOKEN'\.$/],
    ['with another scheme', () => ({ authorization: 'Basic YTpi' }), /must be 'Bearer TOKEN'/],
    [
      'with two Authorization headers',
      () => ({ authorization: `Bearer ${authority.token()}, Bearer ${authority.token()}` }),
      /has several values/,
    ],
    ['with a token of 16 KB', () => authority.token({ groups: 'x'.repeat(12_000) }), /more than 12000 characters/],
    ['with something that is no JWT', () => 'not-a-token', /not a JSON Web Token/],
    ['with parts that are no JSON', () => 'aaaa.bbbb.cccc', /not a JSON Web Token/],
    ['with a token whose claims are an array', () => jwt(header('RS256'), [], hs256('x')), /not a JSON Web Token/],
    ['with alg none', () => jwt(header('none'), claimsOf(authority.token()), () => ''), /signed with RS256/],
    [
      'with HS256 and the public key as its secret',
      () => jwt(header('HS256'), claimsOf(authority.token()), hs256(pem())),
      /signed with RS256/,
    ],
    [
      'with RS256 in the header and an HMAC as the signature',
      () => jwt(header('RS256'), claimsOf(authority.token()), hs256(pem())),
      /signature of the token is wrong/,
    ],
    [
      'signed with another key under a known id',
      () => authority.token({}, {}, { ...newKey(), id: authority.key.id }),
      /signature of the token is wrong/,
    ],
    [
      'with its claims changed',
      () => {
        const [head, , signature] = authority.token().split('.');
        const claims = { ...claimsOf(authority.token()), oid: 'aaaaaaaa-6a1b-4a8e-8d0e-2b6f0a3d7c55' };
        return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
      },
      /signature of the token is wrong/,
    ],
    ['with an unknown key', () => authority.token({}, {}, newKey()), /a key that its issuer does not have/],
    ['with a key in the token itself', () => authority.token({}, { jwk: {}, kid: undefined }), /id of its key/],
    ['with an unknown critical header', () => authority.token({}, { crit: ['exp'], exp: 1 }), /malformed/],
    ['that has expired', () => authority.token({ exp: seconds() - 3600 }), /has expired\. Request a new one/],
    ['without an end', () => authority.token({ exp: undefined }), /must have iss, aud, exp and sub/],
    ['whose end is a text', () => authority.token({ exp: '2099' }), /must have iss, aud, exp and sub/],
    ['that is not valid yet', () => authority.token({ nbf: seconds() + 3600 }), /not valid yet \(claim nbf\)/],
    ['for another audience', () => authority.token({ aud: 'api://other' }), /not for this app.*ENTRA_AUDIENCE/],
    ['without an audience', () => authority.token({ aud: undefined }), /must have iss, aud/],
    ["of another tenant's issuer", () => outsider.token(), /issuer of the token.*not accepted/],
    ['of the right tenant with a wrong issuer', () => outsider.token({ tid: TENANT }), /issuer of the token/],
    ["signed by another tenant's issuer in the name of ours", () => outsider.token({ iss: authority.issuer }), /key/],
    ['whose issuer has a slash more', () => authority.token({ iss: `${authority.issuer}/` }), /issuer of the token/],
    ['that is a v1 token', () => authority.token({ ver: '1.0' }), /v1 token\..*set requestedAccessTokenVersion to 2/],
    [
      "of the v1 token's issuer",
      () => authority.token({ iss: `https://sts.windows.net/${TENANT}/`, ver: undefined }),
      /requestedAccessTokenVersion/,
    ],
    [
      'for Graph',
      () => authority.token({ aud: '00000003-0000-0000-c000-000000000000', ver: '1.0' }),
      /Microsoft Graph/,
    ],
    ['for Graph by its URL', () => authority.token({ aud: 'https://graph.microsoft.com' }), /Microsoft Graph/],
    [
      'that is an ID token of this app',
      () => authority.token({ scp: undefined, nonce: '678910', ver: '2.0' }),
      /ID token.*Send an access token/,
    ],
    ['without an owner', () => authority.token({ oid: undefined, sub: undefined }), /does not name its owner/],
  ])('%s', async (_which, make, message) => {
    const answer = await call(me, make());
    expect([answer.status, answer.code]).toEqual([401, 'InvalidToken']);
    expect(answer.message).toMatch(message);
    expect(answer.challenge).toBe(
      `Bearer error="invalid_token", error_description="${answer.message.replaceAll('"', "'")}"`,
    );
    expect(answer.logs).toEqual([]);
  });

  test('for a forged principal of the platform, with or without a token of somebody else', async () => {
    const principal = Buffer.from(
      JSON.stringify({ auth_typ: 'aad', claims: [{ typ: 'oid', val: OBJECT_ID }] }),
    ).toString('base64');
    const forged = {
      'x-ms-client-principal': principal,
      'x-ms-client-principal-id': OBJECT_ID,
      'x-ms-client-principal-name': 'ada@contoso.example',
      'x-ms-client-principal-idp': 'aad',
    };
    expect((await call(me, forged)).status).toBe(401);
    const other = 'aaaaaaaa-6a1b-4a8e-8d0e-2b6f0a3d7c55';
    const answer = await call(me, { ...forged, authorization: `Bearer ${authority.token({ oid: other })}` });
    expect(answer.person).toEqual({ tenantId: TENANT, objectId: other });
  });

  test('with a message that repeats nothing of the token', async () => {
    const answer = await call(me, outsider.token({ iss: 'https://secret.example', aud: 'secret', name: 'secret' }));
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('403 ScopeMissing', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['without scp', { scp: undefined }, /does not have the scope 'Token\.Self'.*APP-ID-URI\/Token\.Self/],
    ['with another scope', { scp: 'User.Read' }, /does not have the scope/],
    ['with the name only as a part', { scp: 'Token.Self.Read MyToken.Self' }, /does not have the scope/],
    ['with the name in other letters', { scp: 'token.self' }, /does not have the scope/],
    ["with an empty scp and the name in 'scope'", { scp: '', scope: 'Token.Self' }, /does not have the scope/],
    ['with a scp that is no text', { scp: { 'Token.Self': true } }, /does not have the scope/],
    [
      "of an app (idtyp 'app')",
      { scp: undefined, idtyp: 'app', roles: ['Token.Self'] },
      /belongs to an app.*for people/,
    ],
    ['of an app, with roles alone', { scp: undefined, roles: ['Token.Self'] }, /belongs to an app/],
    ["of an app (idtyp 'app') that names the scope", { idtyp: 'app' }, /belongs to an app/],
    ['of the client credentials grant', { gty: 'client-credentials' }, /belongs to an app/],
    ['whose subject is the app that got it', { sub: 'client', azp: 'client' }, /belongs to an app/],
    ['of an app that is its own subject', { sub: 'client', client_id: 'client' }, /belongs to an app/],
  ])('for a token %s', async (_which, claims, message) => {
    const answer = await call(me, authority.token(claims));
    expect([answer.status, answer.code]).toEqual([403, 'ScopeMissing']);
    expect(answer.message).toMatch(message);
    expect(answer.challenge).toBe('Bearer error="insufficient_scope", scope="Token.Self"');
  });
});

test('the person is known by tenant and object id only if the issuer is of that tenant', async () => {
  const auth0 = await startAuthority('not-a-tenant');
  try {
    acceptTokensOf(authority, { ENTRA_ISSUERS: `${authority.issuer},${auth0.issuer}` });
    const claimed = await call(me, auth0.token({ tid: TENANT, oid: OBJECT_ID, sub: 'auth0|5f7c8ec7c33c6c004bbafe82' }));
    expect(claimed.person).toEqual({
      tenantId: expect.stringMatching(/^iss-[0-9a-f]{32}$/) as string,
      objectId: `~${Buffer.from('auth0|5f7c8ec7c33c6c004bbafe82').toString('base64url')}`,
    });
    expect((await call(me, authority.token())).person).toEqual(ADA);
  } finally {
    await auth0.stop();
  }
});

describe('429 TooManyCalls', () => {
  test('after as many calls of one person as the setting allows, until the minute is over', async () => {
    acceptTokensOf(authority, { MY_TOKENS_PER_MINUTE: '2' });
    const other = authority.token({ oid: 'aaaaaaaa-6a1b-4a8e-8d0e-2b6f0a3d7c55' });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await call(me, authority.token())).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await call(me, other)).status).toBe(200);
    clocks.elapsed += 20_500;
    expect(await call(me, authority.token())).toMatchObject({ code: 'TooManyCalls', retryAfter: '40' });
    clocks.elapsed += 39_500;
    expect((await call(me, authority.token())).status).toBe(200);
  });

  test('is not caused by refused tokens in the name of a person', async () => {
    acceptTokensOf(authority, { MY_TOKENS_PER_MINUTE: '1' });
    for (let n = 0; n < 5; n += 1) {
      await call(me, authority.token({}, {}, { ...newKey(), id: authority.key.id }));
      await call(me, authority.token({ scp: 'User.Read' }));
    }
    expect((await call(me, authority.token())).status).toBe(200);
  });
});

describe('when signed-in callers are not configured', () => {
  const NAMES = ['ENTRA_ISSUERS', 'ENTRA_AUDIENCE', 'MY_TOKEN_SCOPES'] as const;

  test('404 NotEnabled if nothing is set, also with a good token', async () => {
    for (const name of NAMES) delete process.env[name];
    const answer = await call(me, authority.token());
    expect([answer.status, answer.code]).toEqual([404, 'NotEnabled']);
  });

  test.each(NAMES)('500 Misconfigured names %s if only that is missing', async (name) => {
    delete process.env[name];
    const answer = await call(me, authority.token());
    expect([answer.status, answer.code]).toEqual([500, 'Misconfigured']);
    expect(answer.message).toMatch(new RegExp(`^Setting '${name}' is missing`));
  });
});
