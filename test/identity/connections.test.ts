import { inspect } from 'node:util';
import { checkConnectionSettings, Connections } from '../../src/identity/connections';
import { redactText } from '../../src/base/redact';

const KEY = 'U0VOVElORUwtc2VudGluZWwtU0VOVElORUw=';
const WELL = `endpoint=https://contoso.communication.azure.com/;accesskey=${KEY}`;

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

/** What opening the connection says, with these settings. */
async function errorOf(
  settings: Record<string, string>,
  name?: string,
): Promise<{ code: string; target: string; message: string }> {
  Object.assign(process.env, settings);
  const error: unknown = await new Connections().get(name).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('SENTINEL');
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY);
  return error as { code: string; target: string; message: string };
}

test.each<[string, string]>([
  ['no part at all', 'SENTINEL-not-a-connection-string'],
  ['no key', 'endpoint=https://contoso.communication.azure.com/'],
  ['an empty key', 'endpoint=https://contoso.communication.azure.com/;accesskey='],
  ['a misspelt key name', `endpoint=https://contoso.communication.azure.com/;acceskey=${KEY}`],
  ['a comma between the parts', `endpoint=https://contoso.communication.azure.com/,accesskey=${KEY}`],
  ['no endpoint', `accesskey=${KEY}`],
  ['a key that is not base64', 'endpoint=https://contoso.communication.azure.com/;accesskey=SENTINEL!not-base64'],
  ['a key cut short', `endpoint=https://contoso.communication.azure.com/;accesskey=${KEY.slice(0, -3)}`],
  ['an endpoint that is no URL', `endpoint=contoso SENTINEL;accesskey=${KEY}`],
  ['an endpoint with a path', `endpoint=https://contoso.communication.azure.com/identities;accesskey=${KEY}`],
  ['an endpoint with a user', `endpoint=https://SENTINEL:x@contoso.communication.azure.com/;accesskey=${KEY}`],
  ['http to another machine', `endpoint=http://contoso.communication.azure.com/;accesskey=${KEY}`],
  ['http to a name that only begins like loopback', `endpoint=http://127.0.0.1.example.com/;accesskey=${KEY}`],
  ['another scheme', `endpoint=ftp://contoso.communication.azure.com/;accesskey=${KEY}`],
])('a connection string with %s is Misconfigured by name, and not repeated', async (_what, value) => {
  expect(await errorOf({ AcsIdentity: value })).toMatchObject({
    status: 500,
    code: 'Misconfigured',
    target: 'AcsIdentity',
  });
});

test.each<[string, Record<string, string>, string]>([
  ['nothing', {}, 'AcsIdentity'],
  ['blanks', { AcsIdentity: '  ' }, 'AcsIdentity'],
  [
    'a string and an endpoint',
    { AcsIdentity: WELL, AcsIdentity__endpoint: 'https://contoso.communication.azure.com' },
    'AcsIdentity',
  ],
  ['a credential and no endpoint', { AcsIdentity__credential: 'managedidentity' }, 'AcsIdentity__endpoint'],
  ['an endpoint over http', { AcsIdentity__endpoint: 'http://127.0.0.1:8080' }, 'AcsIdentity__endpoint'],
  [
    'an unknown kind of credential',
    { AcsIdentity__endpoint: 'https://contoso.communication.azure.com', AcsIdentity__credential: 'password' },
    'AcsIdentity__credential',
  ],
  ['a name that is none', { IDENTITY_CONNECTIONS: 'Acs Identity' }, 'IDENTITY_CONNECTIONS'],
  ['no name', { IDENTITY_CONNECTIONS: ' , ' }, 'IDENTITY_CONNECTIONS'],
])('settings with %s are Misconfigured', async (_what, settings, target) => {
  delete process.env.AcsIdentity;
  expect(await errorOf(settings)).toMatchObject({ code: 'Misconfigured', target });
});

test.each([
  WELL,
  `accesskey=${KEY};endpoint=https://contoso.communication.azure.com`,
  `Endpoint=https://contoso.communication.azure.com/; AccessKey=${KEY};`,
  `endpoint=http://127.0.0.1:8090/;accesskey=${KEY}`,
  `endpoint=http://localhost:8090/;accesskey=${KEY}`,
  `endpoint=http://[::1]:8090/;accesskey=${KEY}`,
])('a good connection string opens: %#', async (value) => {
  process.env.AcsIdentity = value;
  checkConnectionSettings('AcsIdentity');
  expect((await new Connections().get(undefined)).name).toBe('AcsIdentity');
});

test('the key of a connection string is masked wherever text is kept from then on', async () => {
  process.env.AcsIdentity = WELL;
  await new Connections().get(undefined);
  expect(redactText(`signing with ${KEY} now`)).toBe('signing with [redacted] now');
  expect(redactText('https://contoso.communication.azure.com/')).toContain('contoso');
});

test('a name that is not in the list is refused, and the good ones are listed', async () => {
  Object.assign(process.env, { IDENTITY_CONNECTIONS: 'One, Two', PATH_LIKE: WELL });
  expect(await errorOf({}, 'PATH_LIKE')).toMatchObject({
    status: 400,
    code: 'UnknownConnection',
    message: expect.stringContaining('One, Two') as string,
  });
});

test('a connection is opened once, and one that failed is opened again on the next request', async () => {
  const connections = new Connections();
  delete process.env.AcsIdentity;
  await expect(connections.get(undefined)).rejects.toMatchObject({ code: 'Misconfigured' });
  process.env.AcsIdentity = WELL;
  const first = await connections.get(undefined);
  expect(await connections.get('AcsIdentity')).toBe(first);
});
