// Debian's Python client (package python3-azure, api-version 2022-10-01) over https. Skipped where it is not installed.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createIdentityEmulator } from '../src';
import { COMMAND } from './startedCommand';

const run = promisify(execFile);
const PYTHON = '/usr/bin/python3';
const has = (modules: string) => spawnSync(PYTHON, ['-c', `import ${modules}`]).status === 0;
const isThere = has('azure.communication.identity, azure.communication.identity.aio, aiohttp');
if (!isThere)
  console.log(`skipped: ${PYTHON} has no azure.communication.identity (Debian: apt-get install python3-azure)`);
const hasPytest = isThere && has('pytest');
if (!hasPytest) console.log(`skipped: ${PYTHON} has no pytest (Debian: apt-get install python3-pytest)`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'python-client-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const PRINT_RESULT = `
print(json.dumps({"user": user.properties["id"], "other": other.properties["id"], "token": token.token,
    "expiresOn": token.expires_on, "refused": refused}))
`;
const SYNCHRONOUS = `
import json, os, sys
from azure.communication.identity import CommunicationIdentityClient
client = CommunicationIdentityClient.from_connection_string(os.environ["CONNECTION_STRING"], **json.loads(sys.argv[1]))
user = client.create_user()
token = client.get_token(user, scopes=["chat", "voip"])
other, first = client.create_user_and_token(scopes=["chat"])
client.revoke_tokens(user)
client.delete_user(user)
try:
    client.get_token(user, scopes=["chat"])
    refused = None
except Exception as error:
    refused = [error.status_code, error.error.code]
${PRINT_RESULT}`;
/** The asynchronous client has the same methods. */
const ASYNCHRONOUS = `import asyncio
async def main():
${SYNCHRONOUS.replace('communication.identity import', 'communication.identity.aio import')
  .replace(/client\.(?=[a-z])/g, 'await client.')
  .replaceAll('\n', '\n    ')}
    await client.close()
asyncio.run(main())
`;

type Trust = (certificateFile: string) => { environment?: Record<string, string>; options?: Record<string, string> };
const byArgument: Trust = (file) => ({ options: { connection_verify: file } });
const clients: [string, string, Trust][] = [
  [
    'synchronous client, with REQUESTS_CA_BUNDLE',
    SYNCHRONOUS,
    (file) => ({ environment: { REQUESTS_CA_BUNDLE: file } }),
  ],
  ['synchronous client, with connection_verify', SYNCHRONOUS, byArgument],
  ['asynchronous client, with SSL_CERT_FILE', ASYNCHRONOUS, (file) => ({ environment: { SSL_CERT_FILE: file } })],
  ['asynchronous client, with connection_verify', ASYNCHRONOUS, byArgument],
];

(isThere ? test : test.skip).each(clients)(
  'Python creates, issues, revokes and deletes over https: the %s',
  async (_, script, trust) => {
    const emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: directory });
    try {
      const { environment = {}, options = {} } = trust(emulator.certificateFile ?? '');
      const { stdout, stderr } = await run(PYTHON, ['-c', script, JSON.stringify(options)], {
        env: { PATH: process.env.PATH, CONNECTION_STRING: emulator.httpsConnectionString, ...environment },
      });

      expect(stderr).toBe('');
      const result = JSON.parse(stdout) as Record<string, string>;
      const claims = JSON.parse(Buffer.from(result.token?.split('.')[1] ?? '', 'base64url').toString()) as object;
      expect(claims).toMatchObject({ skypeid: result.user?.slice(2), acsScope: 'chat,voip' });
      expect(result.expiresOn).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?\+00:00$/);
      expect(result.refused).toEqual([401, 'IdentityNotOwned']);
      expect(emulator.users().map(({ id }) => id)).toEqual([result.other]);
      expect(emulator.requests().map(({ status }) => status)).toEqual([201, 200, 201, 204, 204, 401]);
      expect(emulator.requests().every(({ path }) => path.includes('api-version=2022-10-01'))).toBe(true);
    } finally {
      await emulator.close();
    }
  },
);

(hasPytest ? test : test.skip)('the example with pytest passes, and its emulator is stopped', async () => {
  const document = readFileSync(resolve(__dirname, '../docs/python.md'), 'utf8');
  for (const [, code = '', file = ''] of document.matchAll(/^```python\n(# (\w+\.py)\n[^]*?)^```$/gm)) {
    writeFileSync(join(directory, file), code);
  }
  mkdirSync(join(directory, 'node_modules/.bin'), { recursive: true });
  symlinkSync(COMMAND, join(directory, 'node_modules/.bin/acs-identity-emulator'));
  // Ends when the emulator, too, has closed stdout and stderr.
  const { stdout } = await run(PYTHON, ['-m', 'pytest', '-p', 'no:cacheprovider', '-q', '.'], {
    cwd: directory,
    env: { ...process.env, NO_PROXY: '127.0.0.1' },
  });

  expect(stdout).toContain('1 passed');
});
