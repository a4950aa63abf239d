import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLocalSettings } from '../../local/localSettings';
import { API_CLIENT_ID, DEFAULT_SIGN_IN_PORT, HOME_TENANT, issuerOf } from '../../local/signIn/samples';

const secret = 'c2VudGluZWwtc2VjcmV0';
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'local-settings-'));
});
afterEach(() => rm(directory, { recursive: true }));

const write = (text: string, name = 'local.settings.json') => writeFile(join(directory, name), text);
const settingsOf = (values: object) => JSON.stringify({ IsEncrypted: false, Values: values });

describe('local.settings.json', () => {
  it('is made from the example when it is missing, and says so', async () => {
    await write(settingsOf({ A: 'example' }), 'local.settings.json.example');
    const settings = await readLocalSettings(directory, {});
    expect(settings.created).toBe(true);
    expect(settings.get('A')).toBe('example');
    expect(await readFile(settings.file, 'utf8')).toBe(settingsOf({ A: 'example' }));
  });

  it('is left as it is when it is there', async () => {
    await write(settingsOf({ A: 'example' }), 'local.settings.json.example');
    await write(settingsOf({ A: 'mine' }));
    const settings = await readLocalSettings(directory, {});
    expect(settings.created).toBe(false);
    expect(settings.get('A')).toBe('mine');
  });

  it('gives way to the environment, but not to an empty variable', async () => {
    await write(settingsOf({ A: 'file', B: 'file', C: '' }));
    const settings = await readLocalSettings(directory, { A: 'environment', B: '' });
    expect([settings.get('A'), settings.sourceOf('A')]).toEqual(['environment', 'the environment']);
    expect([settings.get('B'), settings.sourceOf('B')]).toEqual(['file', 'local.settings.json']);
    expect([settings.get('C'), settings.get('D')]).toEqual([undefined, undefined]);
  });

  it('lists the origins of web pages that may call, as browsers write them', async () => {
    const origins = async (content: object) => {
      await write(JSON.stringify({ IsEncrypted: false, Values: {}, ...content }));
      return (await readLocalSettings(directory, {})).origins;
    };
    expect(await origins({ Host: { CORS: 'http://LOCALHOST:8088/, https://a.example' } })).toEqual([
      'http://localhost:8088',
      'https://a.example',
    ]);
    expect(await origins({ Host: { CORS: '*,null,file:///x, ' } })).toEqual([]);
    expect(await origins({ Host: 'http://a.example' })).toEqual([]);
    expect(await origins({})).toEqual([]);
  });

  it('has an example that names the local sign-in service, and the origin of the example page alone', async () => {
    await write(await readFile(join(__dirname, '../../local.settings.json.example'), 'utf8'));
    const settings = await readLocalSettings(directory, {});
    expect(settings.get('ENTRA_ISSUERS')).toBe(issuerOf(HOME_TENANT, DEFAULT_SIGN_IN_PORT));
    expect(settings.get('ENTRA_AUDIENCE')).toBe(API_CLIENT_ID);
    expect(settings.origins).toEqual(['http://localhost:8088']);
  });

  it('may begin with a byte order mark and hold numbers and booleans', async () => {
    await write(`\uFEFF${settingsOf({ A: 7, B: true, C: null })}`);
    const settings = await readLocalSettings(directory, {});
    expect([settings.get('A'), settings.get('B'), settings.get('C')]).toEqual(['7', 'true', undefined]);
  });

  it.each([
    ['broken JSON', `{ "Values": { "AcsIdentity": "${secret}" } `, /is not valid JSON.*Correct it/],
    [
      'broken JSON around a key',
      `{ "IsEncrypted": false, "Values": { "AcsIdentity": ${secret} } }`,
      /is not valid JSON/,
    ],
    ['another JSON', `["${secret}"]`, /does not hold a JSON object/],
    ['no IsEncrypted', `{ "Values": { "A": "${secret}" } }`, /"IsEncrypted": false.*Add that line/],
    ['encrypted values', `{ "IsEncrypted": true, "Values": { "A": "${secret}" } }`, /"IsEncrypted": false/],
    ['no Values', `{ "IsEncrypted": false, "AcsIdentity": "${secret}" }`, /has no "Values" object/],
    ['a nested value', settingsOf({ A: { key: secret } }), /has a "A" that is not a plain value/],
  ])('with %s is an error that says what to do and quotes nothing of it', async (_, text, expected) => {
    await write(text);
    const failure = await readLocalSettings(directory, {}).then(String, (error: Error) => error);
    expect(failure).toMatchObject({ name: 'CommandError', exitCode: 1 });
    expect(String(failure)).toMatch(expected);
    expect(String(failure)).toContain('local.settings.json');
    expect(String(failure)).not.toContain(secret.slice(0, 8));
  });

  it('missing together with the example is an error', async () => {
    await expect(readLocalSettings(directory, {})).rejects.toThrow(
      /There is no local.settings.json, and none can be made/,
    );
  });
});
