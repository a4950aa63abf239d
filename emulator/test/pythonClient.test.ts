// Debian's Python client (package python3-azure, api-version 2022-10-01) over https. Skipped where it is not installed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentityEmulator } from '../src';

const PYTHON = '/usr/bin/python3';
const isThere = spawnSync(PYTHON, ['-c', 'import azure.communication.identity']).status === 0;
if (!isThere)
  console.log(`skipped: ${PYTHON} has no azure.communication.identity (Debian: apt-get install python3-azure)`);

const SCRIPT = `
import json, os
from azure.communication.identity import CommunicationIdentityClient
client = CommunicationIdentityClient.from_connection_string(os.environ["CONNECTION_STRING"])
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
print(json.dumps({"user": user.properties["id"], "other": other.properties["id"], "token": token.token,
    "expiresOn": token.expires_on, "firstExpiresOn": first.expires_on, "refused": refused}))
`;

(isThere ? test : test.skip)('the Python client creates, issues, revokes and deletes over https', async () => {
  const certificateDirectory = mkdtempSync(join(tmpdir(), 'python-client-'));
  const emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory });
  try {
    const child = spawn(PYTHON, ['-c', SCRIPT], {
      env: {
        PATH: process.env.PATH,
        CONNECTION_STRING: emulator.httpsConnectionString,
        REQUESTS_CA_BUNDLE: emulator.certificateFile,
      },
    });
    let output = '';
    let faults = '';
    child.stdout.on('data', (data) => (output += String(data)));
    child.stderr.on('data', (data) => (faults += String(data)));
    await new Promise((done) => child.once('close', done));

    expect(faults).toBe('');
    const result = JSON.parse(output) as Record<string, string>;
    const claims = JSON.parse(Buffer.from(result.token?.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ skypeid: result.user?.slice(2), acsScope: 'chat,voip' });
    expect(result.expiresOn).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?\+00:00$/);
    expect(result.refused).toEqual([401, 'IdentityNotOwned']);
    expect(emulator.users().map(({ id }) => id)).toEqual([result.other]);
    expect(emulator.requests().map(({ status }) => status)).toEqual([201, 200, 201, 204, 204, 401]);
    expect(emulator.requests().every(({ path }) => path.includes('api-version=2022-10-01'))).toBe(true);
  } finally {
    await emulator.close();
    rmSync(certificateDirectory, { recursive: true });
  }
});
