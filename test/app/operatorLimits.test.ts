import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import type { Run } from '../../src/runs/run';
import { startApp, type AppUnderTest } from './appUnderTest';
import { stepsOf } from '../fourSteps';

let emulator: IdentityEmulator;
let app: AppUnderTest;
const start = (settings: Record<string, string>) =>
  startApp({ AcsIdentity: emulator.connectionString, WORKFLOW_TARGET: 'functions', ...settings });
const lifetimeMinutes = (token = '') => {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number;
    iat: number;
  };
  return (claims.exp - claims.iat) / 60;
};

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  app = await start({ ALLOWED_SCOPES: 'chat, voip.join', MAX_TOKEN_MINUTES: '120', WORKFLOW_SCOPES: 'voip.join' });
});
afterAll(async () => {
  await app.stop();
  await emulator.close();
});
beforeEach(() => emulator.clearRequests());

describe('what the operator allows', () => {
  test('is given', async () => {
    const made = await app.call('POST', 'users', { createTokenWithScopes: ['chat'], expiresInMinutes: 120 });
    expect(made.status).toBe(201);
    expect(lifetimeMinutes(made.body.accessToken?.token)).toBe(120);
  });

  test('is the lifetime of a token too that names none', async () => {
    const made = await app.call('POST', 'users', { createTokenWithScopes: ['chat'] });
    const issued = await app.call('POST', `users/${made.body.identity?.id ?? ''}/tokens`, { scopes: ['voip.join'] });
    expect([made.body.accessToken?.token, issued.body.token].map(lifetimeMinutes)).toEqual([120, 120]);
  });

  test('says nothing of a user without a token', async () => {
    expect((await app.call('POST', 'users')).status).toBe(201);
    expect(emulator.requests()).toHaveLength(1);
  });

  test('lets the workflow run by its settings', async () => {
    expect((await app.call('POST', 'runs')).body).toMatchObject({ status: 'Succeeded', target: 'functions' });
  });
});

const USER = '8:acs:1ca10000-ac51-4de0-8000-1d3e0717e000_00000017-ceff-3baa-6763-563a0d007797';

test.each([
  ['POST', 'users', { createTokenWithScopes: ['chat', 'voip'] }, 'ScopeNotAllowed', ['createTokenWithScopes[1]']],
  ['POST', `users/${USER}/tokens`, { scopes: ['voip', 'chat.join'] }, 'ScopeNotAllowed', ['scopes[0]', 'scopes[1]']],
  [
    'POST',
    `users/${USER}/tokens`,
    { scopes: ['chat'], expiresInMinutes: 121 },
    'ExpiryNotAllowed',
    ['expiresInMinutes'],
  ],
  [
    'POST',
    'users',
    { createTokenWithScopes: ['voip'], expiresInMinutes: 1440 },
    'ScopeNotAllowed',
    ['createTokenWithScopes[0]', 'expiresInMinutes'],
  ],
  ['POST', 'runs', { scopes: ['voip'] }, 'ScopeNotAllowed', ['scopes[0]']],
  ['POST', 'runs', { expiresInMinutes: 180 }, 'ExpiryNotAllowed', ['expiresInMinutes']],
])('%s %s %j is 403 %s, and ACS is not called', async (method, path, body, code, targets) => {
  const { status, headers, body: answer } = await app.call(method, path, body);
  expect(status).toBe(403);
  expect(headers.get('x-ms-error-code')).toBe(code);
  expect(answer.error?.code).toBe(code);
  expect(answer.error?.details?.map(({ target }) => target)).toEqual(targets);
  expect(answer.error?.message).toMatch(
    /ALLOWED_SCOPES allows: chat, voip\.join|at most 120 here, by setting MAX_TOKEN_MINUTES/,
  );
  expect(emulator.requests()).toEqual([]);
});

test('a workflow that nobody gave scopes asks for one that is allowed', async () => {
  const other = await start({ ALLOWED_SCOPES: 'voip,voip.join' });
  try {
    const run = (await other.call('POST', 'runs')).body as unknown as Run;
    expect(run.status).toBe('Succeeded');
    expect(stepsOf(run)[1]?.inputs).toMatchObject({ scopes: ['voip'] });
  } finally {
    await other.stop();
  }
});

test.each<[string, string, Record<string, string>]>([
  ['ALLOWED_SCOPES', "has 'sms', which is not a scope", { ALLOWED_SCOPES: 'sms' }],
  ['MAX_TOKEN_MINUTES', 'must be a whole number', { MAX_TOKEN_MINUTES: '30' }],
  [
    'WORKFLOW_SCOPES',
    "has 'chat', which setting 'ALLOWED_SCOPES' does not allow. It allows: voip.",
    { ALLOWED_SCOPES: 'voip', WORKFLOW_SCOPES: 'chat' },
  ],
  ['WORKFLOW_SCOPES', "has 'mail', which is not a scope. Scopes are: chat, voip,", { WORKFLOW_SCOPES: 'voip,mail' }],
  ['WORKFLOW_CREATE_SCOPES', "has 'mail', which is not a scope", { WORKFLOW_CREATE_SCOPES: 'mail' }],
  ['WORKFLOW_SCOPES', 'must name at least one scope', { WORKFLOW_SCOPES: ',' }],
  ['WORKFLOW_CHECKS', "has 'nonsense', which is not a check", { WORKFLOW_CHECKS: 'tokenAccepted,nonsense' }],
  ['WORKFLOW_CONNECTIONS', "has 'Two', which is not a connection", { WORKFLOW_CONNECTIONS: 'Two' }],
  [
    'WORKFLOW_TOKEN_MINUTES',
    "is more than setting 'MAX_TOKEN_MINUTES' allows (90)",
    { MAX_TOKEN_MINUTES: '90', WORKFLOW_TOKEN_MINUTES: '120' },
  ],
])('%s that makes no sense is named by the run and by health: %s', async (setting, message, settings) => {
  const other = await start(settings);
  try {
    const run = await other.call('POST', 'runs');
    expect(run.status).toBe(500);
    expect(run.body.error).toMatchObject({ code: 'Misconfigured', target: setting });
    expect(run.body.error?.message).toContain(`Setting '${setting}' ${message}`);
    if (settings.ALLOWED_SCOPES === undefined) expect(run.text).not.toContain('ALLOWED_SCOPES');
    expect((await other.call('GET', 'health')).text).toContain(`Setting '${setting}' is missing or malformed.`);
  } finally {
    await other.stop();
  }
});

test('a secret that was pasted into the wrong setting is not shown', async () => {
  const secret = 'DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=U0VOVElORUw=';
  for (const setting of ['HISTORY_STORAGE', 'WORKFLOW_SCOPES', 'WORKFLOW_CHECKS', 'WORKFLOW_CONNECTIONS']) {
    const other = await start({ [setting]: secret });
    try {
      const run = await other.call('POST', 'runs');
      expect(run.body.error).toMatchObject({ code: 'Misconfigured', target: setting });
      expect(run.text + other.lines.join('\n')).not.toContain('U0VOVElORUw');
    } finally {
      await other.stop();
    }
  }
});
