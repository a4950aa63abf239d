// Signed-in people whose calls reach two instances of the app, and what happens when ACS or the storage fails.
import { DIRECTORY_TABLE } from '../../src/auth/directory';
import { TENANT } from '../auth/authority';
import { failure } from '../history/serviceAnswers';
import type { AppUnderTest } from './appUnderTest';
import type { Surroundings } from './appWithProxies';
import type { Asked } from './meddlingProxy';
import { callAs, codeOf, startPeople, userOf, type PeopleUnderTest } from './peopleUnderTest';

let people: PeopleUnderTest;
let around: Surroundings;
let one: AppUnderTest;
let other: AppUnderTest;

beforeAll(async () => {
  people = await startPeople();
  around = people.around;
  one = await around.open(people.settings);
  other = await around.open(people.settings);
});
afterAll(async () => {
  await Promise.all([one.stop(), other.stop()]);
  await people.close();
});
afterEach(() => around.reset());

const instance = (n: number) => (n % 2 === 0 ? one : other);
const myToken = (n: number, token: string, device?: string) =>
  callAs(instance(n), token, 'POST', 'me/token', device === undefined ? undefined : { device });
/** Each ACS user that was created since `before` has a row, and each row has a user. */
async function expectConsistent(before: readonly string[]) {
  const rows = (await people.rows()).map(({ identity }) => identity);
  const existing = people.existing();
  expect(rows.filter((user) => !existing.includes(user))).toEqual([]);
  expect(existing.filter((user) => !before.includes(user) && !rows.includes(user))).toEqual([]);
}

test('100 first calls of a person at the same time get tokens of the same ACS user, and no other is left', async () => {
  const before = people.existing();
  const ada = people.somebody();
  around.emulator.clearRequests();
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => myToken(n, ada)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(userOf)).size).toBe(1);
  // no token is kept
  const issued = around.emulator.requests().filter(({ operation }) => operation === 'issueAccessToken');
  expect(issued).toHaveLength(100);
  expect(people.existing()).toHaveLength(before.length + 1);
  await expectConsistent(before);
});

test('an ACS user that somebody has deleted is replaced once, and both instances issue tokens for the new one', async () => {
  const before = people.existing();
  const ada = people.somebody();
  const gone = userOf(await myToken(0, ada));
  expect(userOf(await myToken(1, ada))).toBe(gone);
  expect((await one.call('DELETE', `users/${gone}`)).status).toBe(204);
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => myToken(n, ada)));
  const users = new Set(answers.map(userOf));
  expect(users.size).toBe(1);
  expect(users).not.toContain(gone);
  expect(answers[0]?.headers.get('x-ms-retry-history')).toContain('Unauthorized');
  await expectConsistent(before);
});

test('a person who is deleted through one instance is a new one for the other', async () => {
  const before = people.existing();
  const ada = people.somebody();
  const old: string[] = [];
  for (const device of ['default', 'phone']) for (const n of [0, 1]) old.push(userOf(await myToken(n, ada, device)));
  expect((await callAs(one, ada, 'DELETE', 'me')).status).toBe(204);
  const now = userOf(await myToken(1, ada));
  expect(old).not.toContain(now);
  expect(userOf(await myToken(0, ada))).toBe(now);
  await expectConsistent(before);
});

test('while a person with several devices is deleted through one instance, the other issues tokens: none is left without a row', async () => {
  const before = people.existing();
  const ada = people.somebody();
  const { objectId } = await (async () => {
    for (const device of ['default', 'phone', 'tablet']) await myToken(1, ada, device);
    return (await callAs(one, ada, 'GET', 'me')).body as { objectId?: string };
  })();
  let isOver = false;
  const statuses = new Set<string>();
  const minting = ['default', 'phone', 'tablet'].map(async (device) => {
    while (!isOver) statuses.add(codeOf(await myToken(1, ada, device)));
  });
  const deletions = [];
  for (let n = 0; n < 5; n += 1) deletions.push((await one.call('DELETE', `people/${TENANT}/${objectId}`)).status);
  isOver = true;
  await Promise.all(minting);
  expect(deletions).toEqual(Array(5).fill(204));
  // a user may be deleted between its creation and its token
  expect([...statuses].filter((status) => !['200', '502 ServiceUnavailable'].includes(status))).toEqual([]);
  await expectConsistent(before);
});

test('a person who adds devices through both instances has at most 10', async () => {
  const before = people.existing();
  const ada = people.somebody();
  const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => myToken(n, ada, `d${n}`)));
  const codes = answers.map(codeOf);
  expect(new Set(codes)).toEqual(new Set(['200', '409 TooManyDevices']));
  const { body } = await callAs(one, ada, 'GET', 'me');
  expect(body.devices).toHaveLength(codes.filter((code) => code.startsWith('200')).length);
  expect((body.devices as unknown[]).length).toBeLessThanOrEqual(10);
  await expectConsistent(before);
});

const isOfDirectory = ({ path }: Asked) => path.includes(DIRECTORY_TABLE);

test('a storage that is down is 503, except for tokens of people whom the instance knows', async () => {
  const ada = people.somebody();
  const user = userOf(await myToken(0, ada));
  around.tables.meddle = (asked) => (isOfDirectory(asked) ? { answer: failure(403) } : undefined);
  expect(userOf(await myToken(0, ada))).toBe(user);
  const refused = await myToken(1, ada);
  expect(codeOf(refused)).toBe('503 StorageUnavailable');
  expect(refused.body.error?.message).toContain("'AzureWebJobsStorage'");
  for (const [method, path] of [
    ['GET', 'me'],
    ['DELETE', 'me/tokens'],
    ['DELETE', 'me'],
    ['GET', `people/${TENANT}/x`],
    ['DELETE', `people/${TENANT}/x`],
  ] as const) {
    expect(codeOf(await callAs(one, ada, method, path))).toBe('503 StorageUnavailable');
  }
  expect((await one.call('GET', 'health')).text).toContain('StorageUnavailable');
});

test('ACS that is down is an error of ACS, and leaves nothing behind', async () => {
  const before = people.existing();
  const ada = people.somebody();
  around.acs.meddle = () => ({ answer: { status: 503, headers: {}, body: '' } });
  const first = await myToken(0, ada);
  expect(codeOf(first)).toBe('502 ServiceUnavailable');
  around.reset();
  await myToken(0, ada);
  around.acs.meddle = () => ({ answer: { status: 401, headers: {}, body: '' } });
  expect(codeOf(await callAs(one, ada, 'DELETE', 'me/tokens'))).toBe('502 ConnectionDenied');
  expect(codeOf(await callAs(one, ada, 'DELETE', 'me'))).toBe('502 ConnectionDenied');
  around.reset();
  expect((await callAs(one, ada, 'DELETE', 'me')).status).toBe(204);
  expect(people.existing()).toEqual(before);
});

test('rows on an ACS resource that no connection points at any more: the error says what to do, and all others are deleted', async () => {
  const ada = people.somebody();
  await myToken(0, ada);
  // the same resource by another name
  const moved = await around.open({
    ...people.settings,
    IDENTITY_CONNECTIONS: 'Moved',
    Moved: around.emulator.connectionString,
  });
  try {
    const user = userOf(await callAs(moved, ada, 'POST', 'me/token'));
    const answer = await callAs(moved, ada, 'DELETE', 'me');
    expect(codeOf(answer)).toBe('500 Misconfigured');
    expect(answer.body.error).toMatchObject({
      target: 'IDENTITY_CONNECTIONS',
      message: expect.stringMatching(/no connection to 127\.0\.0\.1:\d+, .*--gone-resource 127\.0\.0\.1:\d+/) as string,
    });
    expect(people.existing()).not.toContain(user);
    expect((await callAs(one, ada, 'DELETE', 'me')).status).toBe(204);
    expect((await callAs(moved, ada, 'DELETE', 'me')).status).toBe(204);
  } finally {
    await moved.stop();
  }
});

test('with several connections to the ACS resource, that of MY_TOKEN_CONNECTION also revokes and deletes', async () => {
  const endpoint = `endpoint=${around.emulator.endpoint};accesskey=`;
  const rotated = await around.open({
    ...people.settings,
    IDENTITY_CONNECTIONS: 'Old,New',
    Old: endpoint + Buffer.from('a key that was rotated').toString('base64'),
    New: around.emulator.connectionString,
    MY_TOKEN_CONNECTION: 'New',
  });
  try {
    const ada = people.somebody();
    const user = userOf(await callAs(rotated, ada, 'POST', 'me/token'));
    expect((await callAs(rotated, ada, 'DELETE', 'me/tokens')).status).toBe(204);
    expect((await callAs(rotated, ada, 'DELETE', 'me')).status).toBe(204);
    expect(people.existing()).not.toContain(user);
  } finally {
    await rotated.stop();
  }
});

test('a connection whose setting is lost is named by each call that needs it, not taken for a resource that is gone', async () => {
  const ada = people.somebody();
  await myToken(0, ada);
  const broken = await around.open({ ...people.settings, AcsIdentity: 'endpoint=' });
  try {
    for (const [method, path] of [
      ['POST', 'me/token'],
      ['DELETE', 'me/tokens'],
      ['DELETE', 'me'],
    ] as const) {
      const answer = await callAs(broken, ada, method, path);
      expect([path, codeOf(answer), answer.body.error?.target]).toEqual([path, '500 Misconfigured', 'AcsIdentity']);
    }
  } finally {
    await broken.stop();
  }
});

test('after the next scheduled run, a user whose call did not end is gone', async () => {
  const before = people.existing();
  const ada = people.somebody();
  around.tables.meddle = (asked) =>
    asked.method === 'POST' && isOfDirectory(asked) ? { answer: failure(403) } : undefined;
  expect(codeOf(await myToken(0, ada))).toBe('503 StorageUnavailable');
  around.reset();
  expect(people.existing()).toHaveLength(before.length + 1);
  const later = await around.open(people.settings, { aheadMs: 6 * 60_000 });
  try {
    expect(await later.fireTimer()).toContain('Succeeded');
    expect(people.existing()).toEqual(before);
    expect(later.lines.join('\n')).toContain('1 deleted');
    expect((await people.rows()).filter(({ partitionKey }) => partitionKey === 'pending')).toEqual([]);
  } finally {
    await later.stop();
    around.setClocks(0);
  }
});
