// The deeper checks, in runs on the emulator through the published SDK.
import { createServer } from 'node:http';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { AcsActions } from '../../src/identity/acsActions';
import { Connections } from '../../src/identity/connections';
import type { IdentityActions } from '../../src/identity/identityTypes';
import { anonymousStatuses, chatStatus, type Probes } from '../../src/identity/probes';
import { DEEPER_CHECKS, type DeeperCheck } from '../../src/base/runSettings';
import { runSteps, type EngineOptions } from '../../src/workflow/engine';
import { fourSteps } from '../fourSteps';

let emulator: IdentityEmulator;
let actions: IdentityActions;
let probes: Probes;

async function open(options: Parameters<typeof createIdentityEmulator>[0] = {}): Promise<void> {
  emulator = await createIdentityEmulator(options);
  process.env.AcsIdentity = emulator.connectionString;
  const connection = await new Connections().get(undefined);
  actions = new AcsActions(connection);
  probes = { chatStatus: (token, signal) => chatStatus(connection.origin, token, signal) };
}

afterEach(async () => {
  delete process.env.AcsIdentity;
  await emulator.close();
});

const run = (checks: readonly DeeperCheck[], wish: Partial<EngineOptions> = {}, revocationWaitMs = 0) =>
  runSteps({
    workflow: fourSteps,
    actions,
    request: { createTokenWithScopes: [], scopes: ['chat'], expiresInMinutes: 60 },
    clientTrackingId: 'track',
    deeper: { checks, probes, revocationWaitMs },
    ...wish,
  });

const found = ({ actions: steps }: Awaited<ReturnType<typeof run>>) =>
  steps.flatMap(({ checks = [] }) => checks.map(({ name, status }) => [name, status]));

test('all of them pass where ACS does what it must; none is made that was not asked for', async () => {
  await open();
  const outcome = await run(DEEPER_CHECKS);
  expect(outcome).toMatchObject({ status: 'Succeeded', cleanup: 'Clean' });
  expect(found(outcome)).toEqual([
    ['tokenAccepted', 'Passed'],
    ['anonymousRefused', 'NotApplicable'],
    ['revokedTokenRefused', 'Passed'],
    ['deletedUserRefused', 'Passed'],
  ]);
  expect(JSON.stringify(outcome)).not.toContain('eyJ');
  expect(found(await run([]))).toEqual([]);
});

test('without a chat scope there is nobody to show the token to', async () => {
  await open();
  const outcome = await run(['tokenAccepted', 'revokedTokenRefused'], {
    request: { createTokenWithScopes: [], scopes: ['voip'], expiresInMinutes: 60 },
  });
  expect(found(outcome)).toEqual([
    ['tokenAccepted', 'NotApplicable'],
    ['revokedTokenRefused', 'NotApplicable'],
  ]);
});

test('a token that chat does not take fails the step that issued it, and the user is deleted', async () => {
  await open();
  emulator.addFault({ operation: 'listChatThreads', status: 401 });
  const outcome = await run(['tokenAccepted']);
  expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
  expect(outcome.actions[1]).toMatchObject({
    status: 'Failed',
    code: 'CheckFailed',
    error: { message: 'Check tokenAccepted failed: ACS chat does not accept the issued token (401).' },
    outputs: { token: { redacted: true } },
  });
  expect(emulator.users()).toEqual([]);
});

test('a revocation is waited for as long as the limit allows, outside the duration of the step', async () => {
  await open({ revocationDelayMs: 1_200 });
  const patient = await run(['revokedTokenRefused'], {}, 5_000);
  expect(patient.status).toBe('Succeeded');
  expect(patient.actions[2]?.durationMs).toBeLessThan(1_000);
  expect(patient.actions[2]?.checks?.[0]?.durationMs).toBeGreaterThanOrEqual(900);
  const hasty = await run(['revokedTokenRefused'], {}, 100);
  expect(hasty.actions[2]).toMatchObject({ status: 'Failed', code: 'CheckFailed' });
  expect(hasty.actions[2]?.error?.message).toContain('WORKFLOW_REVOCATION_WAIT_SECONDS');
  expect(hasty.cleanup).toBe('Clean');
});

test('a deleted user that still gets tokens fails the deletion; a refusal of credentials proves nothing', async () => {
  await open();
  const forgetful: IdentityActions = {
    createUser: (...args) => actions.createUser(...args),
    issueToken: (...args) => actions.issueToken(...args),
    revokeTokens: (...args) => actions.revokeTokens(...args),
    deleteUser: () => Promise.resolve(),
  };
  const kept = await run(['deletedUserRefused'], { actions: forgetful, cleanupActions: actions });
  expect(kept.actions[3]?.error?.message).toContain('ACS still issues tokens for the deleted user');
  emulator.addFault({ operation: 'issueAccessToken', count: 1, delayMs: 0 });
  emulator.addFault({ operation: 'issueAccessToken', status: 401, body: '{"error":{"code":"Denied"}}' });
  const denied = await run(['deletedUserRefused']);
  expect(denied.actions[3]?.checks).toEqual([
    expect.objectContaining({
      status: 'Failed',
      message: expect.stringMatching(/^the check could not be made: ACS/) as string,
    }),
  ]);
});

test('functions that answer a call without a key are named', async () => {
  await open();
  const statuses = (answers: Record<string, number>) => ({
    ...probes,
    anonymousStatuses: () => Promise.resolve(answers),
  });
  const closed = { createUser: 401, issueToken: 401, revokeTokens: 401, deleteUser: 401 };
  const ask = (answers: Record<string, number>) =>
    run(['anonymousRefused'], { deeper: { checks: ['anonymousRefused'], probes: statuses(answers) } });
  expect(found(await ask(closed))).toEqual([['anonymousRefused', 'Passed']]);
  // access restrictions answer 403 to every call, whatever its key: nothing is known of keys then
  const shut = { createUser: 403, issueToken: 403, revokeTokens: 403, deleteUser: 403 };
  const restricted = await ask(shut);
  expect(found(restricted)).toEqual([['anonymousRefused', 'NotApplicable']]);
  expect(restricted.actions[1]?.checks?.[0]?.message).toMatch(/access restrictions/);
  expect(found(await ask({ ...closed, issueToken: 403 }))).toEqual([['anonymousRefused', 'NotApplicable']]);
  expect(found(await ask({ ...shut, issueToken: 400 }))).toEqual([['anonymousRefused', 'Failed']]);
  const open401 = await ask({ ...closed, deleteUser: 400 });
  expect(open401.actions[1]?.error?.message).toContain('without a key: deleteUser (400)');
});

test('calls without a key carry none, and could do no harm; over http nobody checks keys', async () => {
  await open();
  expect(await anonymousStatuses('http://127.0.0.1:7071')).toBeUndefined();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${String(request.headers['x-functions-key'])}`);
    response.writeHead(401).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const realFetch = globalThis.fetch;
  const { port } = server.address() as { port: number };
  // the platform's front end has a certificate; here the same calls go over http
  globalThis.fetch = (url, init) =>
    realFetch((url as string).replace('https://app.test', `http://127.0.0.1:${port}`), init);
  try {
    expect(await anonymousStatuses('https://app.test')).toEqual({
      createUser: 401,
      issueToken: 401,
      revokeTokens: 401,
      deleteUser: 401,
    });
  } finally {
    globalThis.fetch = realFetch;
    await new Promise((done) => server.close(done));
  }
  expect(seen.sort()).toEqual([
    'DELETE /api/users/nobody undefined',
    'DELETE /api/users/nobody/tokens undefined',
    'POST /api/users undefined',
    'POST /api/users/nobody/tokens undefined',
  ]);
});
