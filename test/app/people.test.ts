// Signed-in people: tokens for their ACS users from the built app, with a real issuer, the emulator and Azurite.
import { DIRECTORY_TABLE } from '../../src/auth/directory';
import { chatStatus } from '../../src/identity/probes';
import { OBJECT_ID, TENANT } from '../auth/authority';
import type { Answer, AppUnderTest, Body } from './appUnderTest';
import type { Surroundings } from './appWithProxies';
import { callAs, codeOf, startPeople, userOf, type PeopleUnderTest } from './peopleUnderTest';

let people: PeopleUnderTest;
let around: Surroundings;
let app: AppUnderTest;
const answers: string[] = [];
const tokens: string[] = [];

beforeAll(async () => {
  people = await startPeople();
  around = people.around;
  app = await around.open(people.settings);
});
afterAll(async () => {
  await app.stop();
  await people.close();
});
afterEach(() => around.reset());

/** A call that is kept for the search for secrets. */
async function call(token: string, method: string, path: string, body?: unknown, on = app): Promise<Answer> {
  const answer = await callAs(on, token, method, path, body);
  if (typeof answer.body.token === 'string') tokens.push(answer.body.token);
  else answers.push([...answer.headers].join('\n') + answer.text);
  return answer;
}
const somebody = () => people.somebody();
const existing = () => people.existing();
const claimsOf = ({ token = '' }: Body) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const rowsOf = async (user: string) => (await people.rows()).filter(({ identity }) => identity === user);
interface Device {
  device: string;
  identity: string;
  createdOn: string;
}
const devicesOf = ({ body }: Answer) => body.devices as Device[];

describe('a signed-in person', () => {
  test('gets a token for the same ACS user each time, always a new one, and no ACS user is left over', async () => {
    const before = existing();
    const ada = somebody();
    const first = await call(ada, 'POST', 'me/token');
    expect(first.status).toBe(200);
    expect(Object.keys(first.body)).toEqual(['identity', 'token', 'expiresOn', 'expiresOnTimestamp']);
    expect(first.body.expiresOnTimestamp).toBe(Date.parse(first.body.expiresOn ?? ''));
    expect(claimsOf(first.body)).toMatchObject({ skypeid: userOf(first).slice(2), acsScope: 'chat,voip' });
    around.emulator.clearRequests();
    around.tables.asked.length = 0;
    const second = await call(ada, 'POST', 'me/token', { scopes: ['voip'], expiresInMinutes: 60 });
    expect(userOf(second)).toBe(userOf(first));
    expect(second.body.token).not.toBe(first.body.token);
    expect(claimsOf(second.body)).toMatchObject({ acsScope: 'voip' });
    expect(Number(second.body.expiresOnTimestamp) - Date.now()).toBeLessThan(3_601_000);
    expect(existing()).toEqual([...before, userOf(first)]);
    // one call to ACS, and none to the storage
    expect(around.emulator.requests().map(({ operation }) => operation)).toEqual(['issueAccessToken']);
    expect(around.tables.asked).toEqual([]);
    expect(await rowsOf(userOf(first))).toEqual([
      expect.objectContaining({ partitionKey: TENANT, tenantId: TENANT, device: 'default', connection: 'AcsIdentity' }),
    ]);
  });

  test('has an ACS user on each device, can see them, revoke the tokens of one, and delete all', async () => {
    const ada = somebody();
    expect(codeOf(await call(ada, 'GET', 'me'))).toBe('404 NoIdentity');
    expect(codeOf(await call(ada, 'DELETE', 'me/tokens'))).toBe('404 NoIdentity');
    const users: string[] = [];
    for (const device of [undefined, 'phone', 'tablet-2'])
      users.push(userOf(await call(ada, 'POST', 'me/token', { device })));
    const phone = await call(ada, 'POST', 'me/token', { device: 'phone' });
    expect(userOf(phone)).toBe(users[1]);
    const me = await call(ada, 'GET', 'me');
    expect(me.body).toMatchObject({ tenantId: TENANT, objectId: expect.stringMatching(/^9c1f9a52-/) as string });
    expect(devicesOf(me).map(({ device, identity }) => [device, identity])).toEqual([
      ['default', users[0]],
      ['phone', users[1]],
      ['tablet-2', users[2]],
    ]);
    expect(Date.now() - Date.parse(devicesOf(me)[0]?.createdOn ?? '')).toBeLessThan(30_000);

    const isAccepted = async ({ token = '' }: Body) =>
      (await chatStatus(around.emulator.endpoint.replace(/\/$/, ''), token)) === 200;
    const tablet = await call(ada, 'POST', 'me/token', { device: 'tablet-2' });
    expect(await isAccepted(phone.body)).toBe(true);
    expect((await call(ada, 'DELETE', 'me/tokens?device=phone')).status).toBe(204);
    expect([await isAccepted(phone.body), await isAccepted(tablet.body)]).toEqual([false, true]);
    expect(codeOf(await call(ada, 'DELETE', 'me/tokens?device=watch'))).toBe('404 NoIdentity');

    expect((await call(ada, 'DELETE', 'me')).status).toBe(204);
    expect(existing().filter((id) => users.includes(id))).toEqual([]);
    for (const user of users) expect(await rowsOf(user)).toEqual([]);
    expect(await isAccepted(tablet.body)).toBe(false);
    expect((await call(ada, 'DELETE', 'me')).status).toBe(204);
    expect(codeOf(await call(ada, 'GET', 'me'))).toBe('404 NoIdentity');
    // who comes back is somebody new
    expect(users).not.toContain(userOf(await call(ada, 'POST', 'me/token')));
  });

  test('is another one for each issuer and subject, whatever characters a subject has', async () => {
    const subjects = ['auth0|x/y#?', 'x'.repeat(500), '\u{1f600}\u0301\u00e4', 'a', 'A', "'", ' ', '%2F', '..'];
    const users: string[] = [];
    for (const sub of subjects) {
      const token = people.authority.token({ sub, oid: undefined });
      const first = await call(token, 'POST', 'me/token');
      expect(first.status).toBe(200);
      expect(userOf(await call(token, 'POST', 'me/token'))).toBe(userOf(first));
      users.push(userOf(first));
    }
    expect(new Set(users).size).toBe(subjects.length);
    // and an operator can delete each
    for (const sub of subjects) {
      const { body } = await call(people.authority.token({ sub, oid: undefined }), 'GET', 'me');
      const path = `people/${String(body.tenantId)}/${encodeURIComponent(String(body.objectId))}`;
      expect(devicesOf(await app.call('GET', path))).toHaveLength(1);
      expect((await app.call('DELETE', path)).status).toBe(204);
    }
    expect(existing().filter((id) => users.includes(id))).toEqual([]);
  });

  test('gets no other scopes and no longer lifetime than the operator allows, and that costs no ACS user', async () => {
    const before = existing().length;
    const ada = somebody();
    const refused = await call(ada, 'POST', 'me/token', { scopes: ['chat', 'chat.join'] });
    expect(codeOf(refused)).toBe('403 ScopeNotAllowed');
    expect(refused.body.error).toMatchObject({
      target: 'scopes[1]',
      message: expect.stringContaining('MY_TOKEN_SCOPES') as string,
    });
    const limited = await around.open({ ...people.settings, MAX_TOKEN_MINUTES: '120' });
    try {
      expect(codeOf(await call(ada, 'POST', 'me/token', { expiresInMinutes: 121 }, limited))).toBe(
        '403 ExpiryNotAllowed',
      );
      expect(existing()).toHaveLength(before);
      const { body } = await call(ada, 'POST', 'me/token', {}, limited);
      expect(Number(body.expiresOnTimestamp) - Date.now()).toBeLessThan(7_201_000);
    } finally {
      await limited.stop();
    }
  });

  test.each([
    ['POST', 'me/token', { device: 'My phone' }, 'device'],
    ['POST', 'me/token', { device: 'x'.repeat(33) }, 'device'],
    ['POST', 'me/token', { scopes: [] }, 'scopes'],
    ['POST', 'me/token', { expiresInMinutes: 59 }, 'expiresInMinutes'],
    ['POST', 'me/token?connection=AcsIdentity', undefined, 'connection'],
    ['DELETE', 'me/tokens?device=A', undefined, 'device'],
    ['GET', 'people/contoso.com/ada', undefined, 'tenantId'],
    ['DELETE', `people/${TENANT}/~`, undefined, 'objectId'],
  ])('gets 400 for %s %s %j', async (method, path, body, target) => {
    const answer = await call(somebody(), method, path, body);
    expect([codeOf(answer), answer.body.error?.target]).toEqual(['400 InvalidRequest', target]);
  });

  test('has at most 10 devices', async () => {
    const ada = somebody();
    for (let n = 0; n < 10; n += 1) expect((await call(ada, 'POST', 'me/token', { device: `d${n}` })).status).toBe(200);
    const before = existing().length;
    const refused = await call(ada, 'POST', 'me/token', { device: 'd10' });
    expect([codeOf(refused), refused.body.error?.target]).toEqual(['409 TooManyDevices', 'device']);
    expect(existing()).toHaveLength(before);
    expect((await call(ada, 'POST', 'me/token', { device: 'd9' })).status).toBe(200);
  });
});

describe('without a token', () => {
  test.each([
    ['POST', 'me/token'],
    ['GET', 'me'],
    ['DELETE', 'me/tokens'],
    ['DELETE', 'me'],
  ])('%s %s is 401', async (method, path) => {
    const answer = await app.call(method, path, undefined, { 'x-ms-client-principal-id': OBJECT_ID });
    expect(codeOf(answer)).toBe('401 InvalidToken');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });

  test('nothing else of the request is looked at', async () => {
    for (const answer of [
      await app.call('POST', 'me/token', { unknown: true }),
      await app.call('DELETE', 'me/tokens?device=NOT!ONE'),
    ])
      expect(codeOf(answer)).toBe('401 InvalidToken');
  });
});

describe('an operator', () => {
  test('sees and deletes a person, whose ids may be in capitals', async () => {
    const ada = somebody();
    const user = userOf(await call(ada, 'POST', 'me/token'));
    const { objectId } = (await call(ada, 'GET', 'me')).body as { objectId?: string };
    const path = `people/${TENANT.toUpperCase()}/${objectId?.toUpperCase()}`;
    expect(devicesOf(await app.call('GET', path))[0]).toMatchObject({ device: 'default', identity: user });
    expect((await app.call('DELETE', path)).status).toBe(204);
    expect(existing()).not.toContain(user);
    expect(codeOf(await app.call('GET', path))).toBe('404 NoIdentity');
    expect((await app.call('DELETE', path)).status).toBe(204);
  });
});

describe('off or half on', () => {
  const FUNCTIONS = [
    ['POST', 'me/token'],
    ['GET', 'me'],
    ['DELETE', 'me/tokens'],
    ['DELETE', 'me'],
    ['GET', `people/${TENANT}/${OBJECT_ID}`],
    ['DELETE', `people/${TENANT}/${OBJECT_ID}`],
  ] as const;
  const all = async (app: AppUnderTest) => {
    const found = new Set<string>();
    for (const [method, path] of FUNCTIONS) {
      const answer = await call(somebody(), method, path, undefined, app);
      found.add(`${codeOf(answer)} ${answer.body.error?.target}`);
    }
    return [...found];
  };

  test('with none of the settings, each function is 404 NotEnabled, and the storage is not used', async () => {
    const off = await around.open();
    around.tables.asked.length = 0;
    expect(await all(off)).toEqual(['404 NotEnabled undefined']);
    await off.fireTimer();
    expect(around.tables.asked.filter(({ path }) => path.includes(DIRECTORY_TABLE))).toEqual([]);
    await off.stop();
  });

  test.each([
    ['ENTRA_ISSUERS', undefined],
    ['ENTRA_ISSUERS', 'https://login.microsoftonline.com/common/v2.0'],
    ['ENTRA_AUDIENCE', undefined],
    ['ENTRA_AUDIENCE', ','],
    ['MY_TOKEN_SCOPES', undefined],
    ['MY_TOKEN_SCOPES', 'chat,mail'],
    ['MY_TOKEN_CONNECTION', 'Nobody'],
    ['MY_TOKENS_PER_MINUTE', 'many'],
  ])('%s = %s: each function names it, and so does health', async (name, value) => {
    const others = Object.fromEntries(Object.entries(people.settings).filter(([other]) => other !== name));
    const half = await around.open(value === undefined ? others : { ...others, [name]: value });
    try {
      expect(await all(half)).toEqual([`500 Misconfigured ${name}`]);
      expect((await half.call('GET', 'health')).text).toContain(name);
    } finally {
      await half.stop();
    }
  });

  test('without a storage it is 503, and the message says what to set', async () => {
    const without = await around.open({ ...people.settings, AzureWebJobsStorage: '' });
    try {
      const answer = await call(somebody(), 'POST', 'me/token', undefined, without);
      expect(codeOf(answer)).toBe('503 StorageUnavailable');
      expect(answer.body.error?.message).toContain("'AzureWebJobsStorage'");
    } finally {
      await without.stop();
    }
  });
});

test('no token and no key is in a row of the directory, in an answer that is not a token, or in a line of the log', async () => {
  const found = await people.rows();
  expect(found.length).toBeGreaterThan(10);
  expect(tokens.length).toBeGreaterThan(10);
  const kept = [...found.map((row) => JSON.stringify(row)), ...answers, ...app.lines].join('\n');
  for (const secret of [...tokens, around.emulator.accessKey]) {
    expect(kept.includes(secret)).toBe(false);
    expect(kept.includes(secret.split('.').at(-1) ?? secret)).toBe(false);
  }
  expect(kept).not.toMatch(/eyJ[\w-]{20,}\.eyJ/);
  expect(found.filter(({ partitionKey }) => partitionKey === 'pending')).toEqual([]);
});
