// The published SDK through all its methods, by every way in, with every version.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { unsignedJwt } from './sentCall';

const VERSIONS = [
  '2021-03-07',
  '2021-10-31-preview',
  '2022-06-01',
  '2022-10-01',
  '2023-10-01',
  '2025-06-30',
  '2026-09-23',
];
const APP_ID = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
const TEAMS_USER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';

let emulator: IdentityEmulator;
let certificates: string;
beforeAll(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'sdk-transports-'));
  emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: certificates });
});
afterAll(async () => {
  await emulator.close();
  rmSync(certificates, { recursive: true });
});

/** In a process of its own: certificates are trusted from a process's start on. */
const SCRIPT = `
const { CommunicationIdentityClient } = require('@azure/communication-identity');
const { ways, versions, teams } = JSON.parse(process.env.WISH);
(async () => {
  const seen = {};
  for (const [way, { connectionString, endpoint, bearer }] of Object.entries(ways)) {
    for (const apiVersion of versions) {
      const options = { apiVersion, allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
      const client = bearer
        ? new CommunicationIdentityClient(endpoint, { getToken: async () => ({ token: bearer, expiresOnTimestamp: Date.now() + 3.6e6 }) }, options)
        : new CommunicationIdentityClient(connectionString, options);
      const outcome = async (work) => { try { const result = await work(); return result === undefined ? 'done' : result; } catch (error) { return error.statusCode + ' ' + error.code; } };
      const scopesOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).acsScope;
      const user = await client.createUser();
      const first = await client.createUserAndToken(['chat'], { tokenExpiresInMinutes: 60 });
      seen[way + ' ' + apiVersion] = [
        Math.round((first.expiresOn - Date.now()) / 60000),
        await outcome(async () => scopesOf((await client.getToken(user, ['voip'])).token)),
        await outcome(async () => scopesOf((await client.getToken(user, ['voip.join'])).token)),
        await outcome(async () => typeof (await client.getTokenForTeamsUser(teams)).token),
        await outcome(() => client.revokeTokens(user)),
        await outcome(() => client.deleteUser(user)),
        await outcome(() => client.getToken(user, ['chat'])),
      ];
    }
  }
  console.log(JSON.stringify(seen));
})();`;

test('all methods over http and https, with key and with a token credential, in each version what it has', async () => {
  const bearer = unsignedJwt({ aud: 'https://communication.azure.com/', exp: Math.floor(Date.now() / 1000) + 3600 });
  const wish = {
    ways: {
      'http key': { connectionString: emulator.connectionString },
      'https key': { connectionString: emulator.httpsConnectionString },
      'https token': { endpoint: emulator.httpsEndpoint, bearer },
    },
    versions: VERSIONS,
    teams: {
      teamsUserAadToken: emulator.createTeamsToken({ appId: APP_ID, userId: TEAMS_USER_ID }),
      clientId: APP_ID,
      userObjectId: TEAMS_USER_ID,
    },
  };
  const child = spawn(process.execPath, ['-e', SCRIPT], {
    cwd: resolve(__dirname, '../..'),
    env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: emulator.certificateFile, WISH: JSON.stringify(wish) },
  });
  let output = '';
  let faults = '';
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (faults += String(data)));
  await new Promise((done) => child.once('close', done));
  expect(faults).toBe('');

  const expected = Object.fromEntries(
    Object.keys(wish.ways).flatMap((way) =>
      VERSIONS.map((version) => [
        `${way} ${version}`,
        [
          version >= '2022-10-01' ? 60 : 1440,
          'voip',
          version >= '2023-10-01' ? 'voip.join' : '400 ValidationError',
          version >= '2021-10-31' ? 'string' : '400 UnsupportedApiVersion',
          'done',
          'done',
          '401 IdentityNotOwned',
        ],
      ]),
    ),
  );
  expect(JSON.parse(output)).toEqual(expected);
});
