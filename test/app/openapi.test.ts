import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ANSWERED_CODES } from '../../src/base/errors';
import { startApp, type AppUnderTest } from './appUnderTest';
import { document, operationOf, operations } from './documentedAnswers';

const root = resolve(__dirname, '../..');

describe('GET openapi.json', () => {
  let app: AppUnderTest;
  beforeAll(async () => {
    // no setting is needed
    app = await startApp({});
  });
  afterAll(() => app.stop());

  test('is the OpenAPI document of the build, which callers may keep for a while', async () => {
    const { status, headers, body } = await app.call('GET', 'openapi.json');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(body).toEqual(document);
    expect(body).toMatchObject({ openapi: '3.0.3', servers: [{ url: '/api' }] });
  });

  test.each([
    ['that of the document', (etag: string) => etag, 304],
    ['a weak one', (etag: string) => `W/${etag}`, 304],
    ['one of several', (etag: string) => `"x", ${etag}`, 304],
    ['*', () => '*', 304],
    ['another', () => '"x"', 200],
  ])('with If-None-Match %s', async (_what, ifNoneMatch, status) => {
    const etag = (await app.call('GET', 'openapi.json')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    const answer = await app.call('GET', 'openapi.json', undefined, { 'if-none-match': ifNoneMatch(etag) });
    expect([answer.status, answer.headers.get('etag'), answer.text === '']).toEqual([status, etag, status === 304]);
  });
});

describe('the OpenAPI document', () => {
  test('has every function, and those without a key are marked', () => {
    const functions = readdirSync(join(root, 'src/functions')).filter((file) =>
      readFileSync(join(root, 'src/functions', file), 'utf8').includes('app.http('),
    );
    const named = new Set(operations.map(({ operation }) => `${operation['x-azure-function']}.ts`));
    expect([...named].sort()).toEqual(functions.sort());
    const anonymous = operations.filter(({ operation }) => operation.security?.length === 0);
    expect(new Set(anonymous.map(({ operation }) => operation['x-azure-function']))).toEqual(
      new Set(['badge', 'health', 'dashboard', 'openapi']),
    );
  });

  test('has the ids after which generated clients name their methods', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    // a new operation need not be added here; these must stay
    expect(ids).toEqual(
      expect.arrayContaining([
        ...['createUser', 'issueToken', 'revokeTokens', 'deleteUser', 'exchangeTeamsToken'],
        ...['issueMyToken', 'getMe', 'revokeMyTokens', 'deleteMe', 'getPerson', 'deletePerson'],
        ...['startRun', 'listRuns', 'getLatestRun', 'getRunStatistics', 'getRun'],
        ...['getHealth', 'headHealth', 'getDeepHealth', 'getDashboard', 'getOpenapiDocument'],
      ]),
    );
  });

  test('has the ids after which generated clients name their methods', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    // a new operation need not be added here; these must stay
    expect(ids).toEqual(
      expect.arrayContaining([
        ...['createUser', 'issueToken', 'revokeTokens', 'deleteUser', 'exchangeTeamsToken'],
        ...['startRun', 'listRuns', 'getLatestRun', 'getRunStatistics', 'getRun'],
        ...['getHealth', 'headHealth', 'getDeepHealth', 'getDashboard', 'getOpenapiDocument'],
      ]),
    );
  });

  test('has every error code under its status', () => {
    const texts = new Map<string, string>();
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        texts.set(status, `${texts.get(status) ?? ''} ${JSON.stringify(response)}`);
      }
    }
    const missing = Object.entries(ANSWERED_CODES).filter(
      ([code, status]) => texts.get(String(status))?.includes(`"${code}"`) !== true,
    );
    // a path that is not in the document
    expect(missing).toEqual([['NotFound', 404]]);
  });

  test('has every request of api.http, which has one for every operation', () => {
    const requests = [
      ...readFileSync(join(root, 'api.http'), 'utf8').matchAll(/^([A-Z]+) \{\{base\}\}\/(?!\.\.)(\S+)$/gm),
    ].map(([, method = '', path = '']) => operationOf(method, path.replace('{{user}}', 'x'))?.operation.operationId);
    expect(new Set(requests)).toEqual(new Set(operations.map(({ operation }) => operation.operationId)));
  });

  test('is in a file of its own, and schemas of answers are in no other', () => {
    const files = readdirSync(join(root, 'dist')).filter((file) => file.endsWith('.js'));
    const having = files.filter((file) =>
      readFileSync(join(root, 'dist', file), 'utf8').includes('inverted start ticks'),
    );
    expect(having).toEqual(['openapi.chunk.js']);
  });
});
