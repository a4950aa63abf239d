import { createIdentityEmulator, DEFAULT_RESOURCE_ID, type IdentityEmulator } from '../src';
import { ResourceUsers } from '../src/state/users';
import { chatWith, deletePath, issuePath, newToken, newUser, revokePath, send } from './sentCall';

const START_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 89);
let emulator: IdentityEmulator;
let nowMs = START_MS;

const start = (options: object = {}) => createIdentityEmulator({ now: () => nowMs, ...options });
const signedAt = () => ({ date: new Date(nowMs) });
const revoke = (userId: string) => send(emulator, { path: revokePath(userId), ...signedAt() });

async function user(): Promise<string> {
  const { json } = await send(emulator, { path: '/identities', ...signedAt() });
  return (json as { identity: { id: string } }).identity.id;
}

async function token(userId: string, body: object = { scopes: ['chat'] }): Promise<string> {
  const { json } = await send(emulator, { path: issuePath(userId), body, ...signedAt() });
  return (json as { token: string }).token;
}

beforeEach(async () => {
  nowMs = START_MS;
  emulator = await start();
});
afterEach(() => emulator.close());

test('revoking ends the tokens issued before, within the same second too, and none issued after', async () => {
  const [userId, otherUser] = [await user(), await user()];
  const before = await token(userId);
  const others = await token(otherUser);
  nowMs += 10;
  expect((await revoke(userId)).status).toBe(204);
  nowMs += 10;
  const after = await token(userId);

  expect(await chatWith(emulator, before)).toEqual({
    status: 401,
    why: "the user's tokens were revoked after this one was issued",
  });
  expect((await chatWith(emulator, after)).status).toBe(200);
  expect((await chatWith(emulator, others)).status).toBe(200);
  expect(emulator.users()).toEqual([
    { id: userId, createdAt: START_MS, tokensValidFrom: START_MS + 10 },
    { id: otherUser, createdAt: START_MS },
  ]);
});

test('with a revocation delay, revoked tokens are accepted until it has passed, for each revocation', async () => {
  await emulator.close();
  emulator = await start({ revocationDelayMs: 60_000 });
  const userId = await user();
  const first = await token(userId);
  await revoke(userId);
  nowMs += 30_000;
  const second = await token(userId);
  await revoke(userId);
  await revoke(userId);
  const accepted = async () => [(await chatWith(emulator, first)).status, (await chatWith(emulator, second)).status];

  expect(await accepted()).toEqual([200, 200]);
  nowMs += 30_000;
  expect(await accepted()).toEqual([401, 200]);
  nowMs += 30_000;
  expect(await accepted()).toEqual([401, 401]);
});

test('a deleted user has no tokens, gets none, and can be deleted again', async () => {
  const userId = await user();
  const issued = await token(userId);
  const remove = () => send(emulator, { method: 'DELETE', path: deletePath(userId), ...signedAt() });

  expect((await remove()).status).toBe(204);
  expect(emulator.users()).toEqual([]);
  expect(await chatWith(emulator, issued)).toEqual({ status: 401, why: 'the user of the token was deleted' });
  const refusals = [
    await send(emulator, { path: issuePath(userId), body: { scopes: ['chat'] }, ...signedAt() }),
    await revoke(userId),
  ];
  for (const { status, json, headers } of refusals) {
    expect([status, (json as { error: { code: string } }).error.code]).toEqual([401, 'IdentityNotOwned']);
    expect(headers['x-emulator-denied-because']).toBe('the user was deleted, or was never made here');
  }
  expect((await remove()).status).toBe(204);
});

test('a user that never was is treated as a deleted one', async () => {
  const userId = `8:acs:${DEFAULT_RESOURCE_ID}_00000000-0000-0000-0000-000000000000`;
  const statuses = [
    await send(emulator, { path: issuePath(userId), body: { scopes: ['chat'] }, ...signedAt() }),
    await revoke(userId),
    await send(emulator, { method: 'DELETE', path: deletePath(userId), ...signedAt() }),
  ].map(({ status }) => status);

  expect(statuses).toEqual([401, 401, 204]);
});

test.each([[[]], [null]])('create with the scopes %j makes a user without token', async (createTokenWithScopes) => {
  const { status, json } = await send(emulator, {
    path: '/identities',
    body: { createTokenWithScopes },
    ...signedAt(),
  });

  expect({ status, fields: Object.keys(json ?? {}) }).toEqual({ status: 201, fields: ['identity'] });
});

test('a create that is refused makes no user', async () => {
  const bodies = [{ createTokenWithScopes: ['email'] }, { createTokenWithScopes: ['chat'], expiresInMinutes: 5 }];
  for (const body of bodies) {
    expect((await send(emulator, { path: '/identities', body, ...signedAt() })).status).toBe(400);
  }
  expect(emulator.users()).toEqual([]);
});

test('above its capacity a resource forgets its oldest users', () => {
  const users = new ResourceUsers(DEFAULT_RESOURCE_ID, 3);
  const ids = [1, 2, 3, 4, 5].map((ms) => users.create(START_MS + ms).id);

  expect(users.list().map(({ id }) => id)).toEqual(ids.slice(2));
});

test("an emulator's tokens are taken by another of the same process only where the user is", async () => {
  const other = await createIdentityEmulator();
  try {
    const issued = await newToken(other, await newUser(other));
    expect((await chatWith(other, issued)).status).toBe(200);
    nowMs = Date.now();
    expect(await chatWith(emulator, issued)).toEqual({ status: 401, why: 'the user of the token was deleted' });
  } finally {
    await other.close();
  }
});
