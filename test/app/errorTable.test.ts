import { TableClient } from '@azure/data-tables';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join, resolve } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { TABLE_NAME } from '../../src/history/openHistory';
import { startApp, type Answer, type AppUnderTest } from './appUnderTest';

const root = resolve(__dirname, '../..');
const FOREIGN = '8:acs:99999999-9999-4999-8999-999999999999_00000026-0000-0000-0000-000000000001';
const GUID = '22222222-2222-4222-8222-222222222222';
/** Keys and texts that must turn up nowhere. */
const SENTINELS = {
  wrongKey: Buffer.from('SENTINEL-a-key-that-acs-does-not-know').toString('base64'),
  malformed: 'SENTINEL-malformed-connection-string',
  cutKey: 'U0VOVElORUwtY3V0',
  notBase64: 'SENTINEL!not!base64',
  functionKey: 'SENTINEL-function-key-SENTINEL',
};

let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;
let userId: string;
const emulatorLines: string[] = [];
const answers: string[] = [];
const tokens: string[] = [];

/** A call that is kept for the search for secrets; a token that was asked for may of course stand in its answer. */
async function call(...args: Parameters<AppUnderTest['call']>): Promise<Answer> {
  const answer = await app.call(...args);
  const token = answer.body.token ?? answer.body.accessToken?.token;
  if (typeof token === 'string') tokens.push(token);
  answers.push([...answer.headers].join('\n') + (typeof token === 'string' ? '' : answer.text));
  return answer;
}

beforeAll(async () => {
  [emulator, storage] = await Promise.all([
    createIdentityEmulator({ log: (line) => emulatorLines.push(line) }),
    startStorage({ port: 0, inMemory: true, tableOnly: true }),
  ]);
  app = await startApp({
    IDENTITY_CONNECTIONS: 'AcsIdentity,WrongKey,Nobody,Missing,Malformed,CutKey,NotBase64',
    AcsIdentity: emulator.connectionString,
    WrongKey: `endpoint=${emulator.endpoint};accesskey=${SENTINELS.wrongKey}`,
    Nobody: `endpoint=http://127.0.0.1:1/;accesskey=${SENTINELS.wrongKey}`,
    Malformed: SENTINELS.malformed,
    CutKey: `endpoint=${emulator.endpoint};accesskey=${SENTINELS.cutKey}x`,
    NotBase64: `endpoint=${emulator.endpoint};accesskey=${SENTINELS.notBase64}`,
    WORKFLOW_FUNCTION_KEY: SENTINELS.functionKey,
    WORKFLOW_TARGET: 'functions',
    AzureWebJobsStorage: storage.connectionString,
  });
  userId = (await call('POST', 'users')).body.identity?.id ?? '';
});
afterAll(() => Promise.all([app.stop(), emulator.close(), storage.stop()]));
beforeEach(() => emulator.clearFaults());

const code = ({ status, headers, body }: Answer) => {
  expect(headers.get('x-ms-error-code')).toBe(body.error?.code);
  expect(headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get('cache-control')).toBe('no-store');
  return `${status} ${body.error?.code}`;
};
const tokensOf = (id: string, query = '') => `users/${encodeURIComponent(id)}/tokens${query}`;

describe('what a caller got wrong', () => {
  test('400 InvalidRequest, with an entry for every invalid field', async () => {
    const answer = await call('POST', tokensOf('bob'), { scopes: ['mail'], lifetime: 5 });
    expect(code(answer)).toBe('400 InvalidRequest');
    expect(answer.body.error?.details?.map(({ target }) => target)).toEqual(['userId', 'scopes[0]', 'lifetime']);
    expect(answer.text).toContain('chat, voip, chat.join, chat.join.limited, voip.join');
  });

  test.each([
    ['POST', 'users', '{"createTokenWithScopes":["chat"', 'body'],
    ['POST', 'users', { expiresInMinutes: 60 }, 'expiresInMinutes'],
    ['DELETE', 'users/8:acs:x', undefined, 'userId'],
    ['DELETE', 'users/bob/tokens', undefined, 'userId'],
    ['POST', 'teams/tokens', { token: '', appId: 'x', userId: GUID }, 'token'],
    ['POST', 'runs', { scopes: [] }, 'scopes'],
    ['POST', 'runs?failOnError=yes', undefined, 'failOnError'],
    ['GET', 'runs?status=failed', undefined, 'status'],
    ['POST', 'users?conection=AcsIdentity', undefined, 'conection'],
    ['GET', 'runs?stauts=Failed', undefined, 'stauts'],
    ['GET', 'runs/latest?status=Failed', undefined, 'status'],
    ['GET', 'runs/08584640926573727105946217888CU00?top=1', undefined, 'top'],
    ['GET', 'health/deep?connection=AcsIdentity', undefined, 'connection'],
    ['GET', 'runs?top=1000', undefined, 'top'],
    ['GET', 'runs/latest?maxAgeMinutes=soon', undefined, 'maxAgeMinutes'],
  ])('%s %s with an invalid field is 400 InvalidRequest', async (method, path, body, target) => {
    const answer = await call(method, path, body);
    expect(code(answer)).toBe('400 InvalidRequest');
    expect(answer.body.error?.target).toBe(target);
  });

  test('400 UnknownConnection, which lists those there are', async () => {
    for (const [method, path] of [
      ['POST', 'users?connection=Nope'],
      ['POST', 'runs?connection=WORKFLOW_FUNCTION_KEY'],
    ] as const) {
      const answer = await call(method, path);
      expect(code(answer)).toBe('400 UnknownConnection');
      expect(answer.body.error?.message).toContain('AcsIdentity, WrongKey');
    }
  });

  test("400 InvalidRequest with ACS's own code inside, for what only ACS knows", async () => {
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 400,
      body: { error: { code: 'ValidationError', message: 'No such thing.', target: 'Scopes' } },
    });
    const answer = await call('POST', tokensOf(userId), { scopes: ['chat'] });
    expect(code(answer)).toBe('400 InvalidRequest');
    expect(answer.body.error).toMatchObject({
      target: 'Scopes',
      innererror: { code: 'ValidationError' },
      message: expect.stringContaining('No such thing.') as string,
    });
  });

  test('400 InvalidTeamsToken for a token that ACS refuses, or that is for another app or user', async () => {
    const token = emulator.createTeamsToken({ appId: GUID, userId: GUID });
    const other = '33333333-3333-4333-8333-333333333333';
    tokens.push(token);
    const targets = [];
    for (const wish of [
      { token: 'eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.', appId: GUID, userId: GUID },
      { token, appId: other, userId: GUID },
      { token, appId: GUID, userId: other },
    ]) {
      const answer = await call('POST', 'teams/tokens', wish);
      expect(code(answer)).toBe('400 InvalidTeamsToken');
      targets.push(answer.body.error?.target);
    }
    expect(targets).toEqual(['token', 'appId', 'userId']);
    expect((await call('POST', 'teams/tokens', { token, appId: GUID, userId: GUID })).status).toBe(200);
  });

  test('411 LengthRequired for a chunked body, also where a body may be missing', async () => {
    const status = await new Promise((done, fail) => {
      const chunked = httpRequest(`http://127.0.0.1:${app.host.port}/api/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      chunked.on('response', (response) => {
        response.resume();
        done([response.statusCode, response.headers['x-ms-error-code']]);
      });
      chunked.on('error', fail);
      chunked.write('{"createTokenWith');
      chunked.end('Scopes":["chat"]}');
    });
    expect(status).toEqual([411, 'LengthRequired']);
  });

  test('413 RequestTooLarge', async () => {
    expect(code(await call('POST', 'users', `{"x":"${'y'.repeat(70_000)}"}`))).toBe('413 RequestTooLarge');
  });

  test('404 UserNotFound for a user of another resource', async () => {
    for (const answer of [
      await call('POST', tokensOf(FOREIGN), { scopes: ['chat'] }),
      await call('DELETE', tokensOf(FOREIGN)),
      await call('DELETE', `users/${FOREIGN}`),
    ]) {
      expect(code(answer)).toBe('404 UserNotFound');
      expect(answer.body.error?.innererror?.code).toBe('IdentityNotOwned');
    }
  });

  test('404 RunNotFound, and 404 NotFound for what can not be started', async () => {
    expect(code(await call('GET', 'runs/08584640926573727105946217888CU00'))).toBe('404 RunNotFound');
    expect(code(await call('GET', "runs/x' or true"))).toBe('404 RunNotFound');
    expect(code(await call('POST', 'runs/latest'))).toBe('404 NotFound');
  });

  test("the platform's own 404 has no body", async () => {
    for (const [method, path] of [
      ['GET', 'users'],
      ['PUT', 'runs'],
      ['GET', 'nothing'],
    ] as const) {
      const answer = await call(method, path);
      expect([answer.status, answer.text]).toEqual([404, '']);
    }
  });
});

describe('what ACS says or does not say', () => {
  test('502 ConnectionDenied for a wrong key, which says what to check', async () => {
    const answer = await call('POST', 'users?connection=WrongKey');
    expect(code(answer)).toBe('502 ConnectionDenied');
    expect(answer.body.error?.message).toMatch(/access key.*clock/);
    expect(answer.body.error?.innererror).toMatchObject({ code: 'Denied', 'ms-cv': expect.any(String) as string });
  });

  test('502 ConnectionDenied for a 401 without a code, and for 403', async () => {
    emulator.addFault({ operation: 'createIdentity', status: 401, body: '' });
    expect(code(await call('POST', 'users'))).toBe('502 ConnectionDenied');
    emulator.addFault({ operation: 'createIdentity', status: 403, body: '' });
    expect(code(await call('POST', 'users'))).toBe('502 ConnectionDenied');
  });

  test('502 ApiVersionNotSupported', async () => {
    emulator.addFault({
      operation: 'createIdentity',
      status: 400,
      body: {
        error: {
          code: 'UnsupportedApiVersion',
          message: "The HTTP resource that matches the request URI 'x' does not support the API version '2023-10-01'.",
        },
      },
    });
    expect(code(await call('POST', 'users'))).toBe('502 ApiVersionNotSupported');
  });

  test("429 Throttled with ACS's Retry-After when it is longer than what is left, at once", async () => {
    emulator.addFault({ operation: 'createIdentity', status: 429, headers: { 'Retry-After': '60' }, body: '' });
    const started = Date.now();
    const answer = await call('POST', 'users');
    expect(code(answer)).toBe('429 Throttled');
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  test('429 Throttled with 30 s after all retries, where ACS names no time', async () => {
    emulator.addFault({ operation: 'deleteIdentity', status: 429, count: 4, body: '' });
    const answer = await call('DELETE', `users/${userId}`);
    expect(code(answer)).toBe('429 Throttled');
    expect(answer.headers.get('retry-after')).toBe('30');
    expect(JSON.parse(answer.headers.get('x-ms-retry-history') ?? '[]')).toHaveLength(3);
  });

  test.each([
    ['a 500', { status: 500, body: '' }],
    ['a page of a gateway', { status: 502, body: '<html>Bad gateway</html>', contentType: 'text/html' }],
    ['a success without a user', { status: 201, body: {} }],
    ['a success that is no JSON', { status: 201, body: '<html>', contentType: 'application/json' }],
    ['another success than 201', { status: 200, body: { identity: { id: 'x' } } }],
    ['a reset', { reset: 'before' as const }],
  ])('502 ServiceUnavailable for %s', async (_what, fault) => {
    emulator.addFault({ operation: 'createIdentity', ...fault });
    expect(code(await call('POST', 'users'))).toBe('502 ServiceUnavailable');
  });

  test('502 ServiceUnavailable for a 404 that is not of ACS: the endpoint is something else', async () => {
    emulator.addFault({ operation: 'revokeAccessTokens', status: 404, body: '<html>', contentType: 'text/html' });
    expect(code(await call('DELETE', tokensOf(userId)))).toBe('502 ServiceUnavailable');
    emulator.addFault({
      operation: 'revokeAccessTokens',
      status: 404,
      body: { error: { code: 'NotFound', message: 'x' } },
    });
    expect(code(await call('DELETE', tokensOf(userId)))).toBe('404 UserNotFound');
  });

  test('502 ServiceUnavailable for a user without the token asked for, whose id is not lost', async () => {
    emulator.addFault({ operation: 'createIdentity', status: 201, body: { identity: { id: userId } } });
    const answer = await call('POST', 'users', { createTokenWithScopes: ['chat'] });
    expect(code(answer)).toBe('502 ServiceUnavailable');
    expect(answer.body.error?.details).toEqual([{ code: 'UserWithoutToken', message: userId, target: 'identity.id' }]);
  });

  test('502 ServiceUnavailable where nobody listens, after all retries', async () => {
    const answer = await call('POST', 'users?connection=Nobody');
    expect(code(answer)).toBe('502 ServiceUnavailable');
    expect(answer.body.error?.message).toContain('ECONNREFUSED');
  });

  test('504 ServiceTimeout when there is no answer within 10 s', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 14_000 });
    const started = Date.now();
    expect(code(await call('POST', tokensOf(userId), { scopes: ['chat'] }))).toBe('504 ServiceTimeout');
    expect(Date.now() - started).toBeGreaterThanOrEqual(9_900);
    expect(Date.now() - started).toBeLessThan(12_000);
  });
});

describe('what is wrong here', () => {
  test.each(['Missing', 'Malformed', 'CutKey', 'NotBase64'])(
    '500 Misconfigured names the setting %s',
    async (connection) => {
      for (const [method, path] of [
        ['POST', `users?connection=${connection}`],
        ['POST', `runs?connection=${connection}`],
      ] as const) {
        const answer = await call(method, path);
        expect(code(answer)).toBe('500 Misconfigured');
        expect(answer.body.error?.target).toBe(connection);
      }
    },
  );

  test('500 InternalError for a deployment that lacks a file: the id of the invocation, the cause in the log only', async () => {
    const directory = mkdtempSync(join(root, '.local', 'broken-'));
    for (const file of ['dist/main.js', 'package.json', 'host.json']) cpSync(join(root, file), join(directory, file));
    const broken = await startApp({ AcsIdentity__endpoint: 'https://contoso.communication.azure.com' }, directory);
    try {
      const answer = await broken.call('POST', 'users');
      expect(code(answer)).toBe('500 InternalError');
      expect(answer.text).toContain(answer.headers.get('x-ms-request-id'));
      expect(answer.text).not.toContain('entra');
      expect(broken.lines.join('\n')).toContain('entra.chunk');
    } finally {
      await broken.stop();
      rmSync(directory, { recursive: true });
    }
  });

  test('503 StorageUnavailable where runs are asked for; 503 LastRunFailed and NoRecentRun of runs/latest', async () => {
    expect(code(await call('GET', 'runs/latest'))).toBe('503 NoRecentRun');
    const failed = await call('POST', 'runs?connection=WrongKey');
    expect([failed.status, failed.body.status]).toEqual([201, 'Failed']);
    expect(code(await call('GET', 'runs/latest'))).toBe('503 LastRunFailed');
    expect((await call('POST', 'runs?connection=WrongKey&failOnError=true')).status).toBe(502);

    const down = await startApp({
      AcsIdentity: emulator.connectionString,
      AzureWebJobsStorage: storage.connectionString.replace(/:\d+\//g, ':1/'),
    });
    try {
      for (const path of ['runs', 'runs/latest', 'runs/08584640926573727105946217888CU00']) {
        expect(code(await down.call('GET', path))).toBe('503 StorageUnavailable');
      }
    } finally {
      await down.stop();
    }
  });
});

test('after all this, no key, token or connection string is in any answer, log or table', async () => {
  const good = await call('POST', 'runs', { createTokenWithScopes: ['voip'], scopes: ['chat', 'voip'] });
  expect(good.body.status).toBe('Succeeded');
  const issued = await call('POST', tokensOf(userId), { scopes: ['chat'] });
  expect(issued.status).toBe(200);

  const rows: string[] = [];
  const client = TableClient.fromConnectionString(storage.connectionString, TABLE_NAME, {
    allowInsecureConnection: true,
  });
  for await (const row of client.listEntities()) rows.push(JSON.stringify(row));
  expect(rows.length).toBeGreaterThan(8);
  const runs = await call('GET', `runs/${good.body.id}`);

  const everything = {
    answers: answers.join('\n'),
    log: app.lines.join('\n'),
    emulator: emulatorLines.join('\n'),
    tables: rows.join('\n'),
    run: runs.text,
  };
  const secrets = [...Object.values(SENTINELS), emulator.accessKey, ...tokens, storageKey()];
  expect(tokens.length).toBeGreaterThan(2);
  const leaks = Object.entries(everything).flatMap(([where, text]) => {
    expect(text.length).toBeGreaterThan(100);
    const found = secrets.filter((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)));
    return [
      ...found.map((secret) => `${where}: ${secret}`),
      ...(/eyJ[\w-]{20,}\.eyJ/.test(text) ? [`${where}: a token`] : []),
    ];
  });
  expect(leaks).toEqual([]);
});

function storageKey(): string {
  return /AccountKey=([^;]+)/.exec(storage.connectionString)?.[1] ?? 'no key found';
}
