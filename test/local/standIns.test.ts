import { DEFAULT_ACCESS_KEY } from '../../emulator/src';
import { HOME_TENANT } from '../../local/signIn/samples';
import { chooseStandIns, settingsForPorts } from '../../local/standIns';

const key = 'c2VudGluZWwtc2VjcmV0LXNlbnRpbmVs';
const acs = (endpoint: string, accessKey = key) => `endpoint=${endpoint};accesskey=${accessKey}`;
const realStorage = `DefaultEndpointsProtocol=https;AccountName=contosoruns;AccountKey=${key};EndpointSuffix=core.windows.net`;

function choose(values: Record<string, string>, inEnvironment: string[] = []) {
  const chosen = chooseStandIns({
    get: (name) => values[name],
    sourceOf: (name) => (inEnvironment.includes(name) ? 'the environment' : 'local.settings.json'),
  });
  expect(JSON.stringify(chosen.remarks)).not.toContain(key);
  return chosen;
}

describe('the ACS identity emulator', () => {
  it.each([
    ['the example', acs('http://127.0.0.1:8090/', DEFAULT_ACCESS_KEY), 8090],
    ['localhost', acs('http://localhost:8090'), 8090],
    ['IPv6', acs('http://[::1]:8090/'), 8090],
    ['a wrong key on its port, which it then refuses', acs('http://127.0.0.1:8090/'), 8090],
    ['another port with its key', acs('http://127.0.0.1:9999/', DEFAULT_ACCESS_KEY), 9999],
    ['other letters and order', `AccessKey=${DEFAULT_ACCESS_KEY};EndPoint=http://LOCALHOST:8090/`, 8090],
  ])('is started for %s', (_, AcsIdentity, port) => {
    const { emulatedConnections, remarks } = choose({ AcsIdentity, AzureWebJobsStorage: 'UseDevelopmentStorage=true' });
    expect(emulatedConnections).toMatchObject([{ name: 'AcsIdentity', port }]);
    expect(remarks).toEqual([]);
  });

  it.each([
    [
      { AcsIdentity: acs('https://contoso.communication.azure.com/') },
      'ACS: contoso.communication.azure.com (AcsIdentity from local.settings.json)',
    ],
    [{ AcsIdentity: acs('http://127.0.0.1:9999/') }, 'ACS: 127.0.0.1:9999 (AcsIdentity from local.settings.json)'],
    [
      { AcsIdentity: acs('https://127.0.0.1:8443/', DEFAULT_ACCESS_KEY) },
      'ACS: 127.0.0.1:8443 (AcsIdentity from local.settings.json)',
    ],
    [
      { AcsIdentity: acs('http://127.0.0.1.example.com:8090/', DEFAULT_ACCESS_KEY) },
      'ACS: 127.0.0.1.example.com:8090 (AcsIdentity from local.settings.json)',
    ],
    [
      { AcsIdentity__endpoint: 'https://contoso.communication.azure.com' },
      'ACS: contoso.communication.azure.com with Entra ID (AcsIdentity__endpoint from local.settings.json)',
    ],
    [
      { AcsIdentity__endpoint: 'contoso' },
      'ACS: AcsIdentity__endpoint (from local.settings.json) is not a URL; calls will fail.',
    ],
    [
      { AcsIdentity: key },
      'ACS: AcsIdentity (from local.settings.json) is not an ACS connection string; calls will fail.',
    ],
    [
      {},
      'ACS: neither AcsIdentity (a connection string) nor AcsIdentity__endpoint is set; calls will fail. Set one in local.settings.json: the example has the local emulator.',
    ],
  ])('is not started for %j', (values, remark) => {
    const { emulatedConnections, remarks } = choose({ ...values, AzureWebJobsStorage: 'UseDevelopmentStorage=true' });
    expect(emulatedConnections).toEqual([]);
    expect(remarks).toEqual([remark]);
  });

  it('is chosen for each connection that requests may use, and only for those', () => {
    const { emulatedConnections, remarks } = choose({
      IDENTITY_CONNECTIONS: 'Contoso, Local',
      AcsIdentity: acs('http://127.0.0.1:8090/', DEFAULT_ACCESS_KEY),
      Contoso: acs('https://contoso.communication.azure.com/'),
      Local: acs('http://127.0.0.1:8090/', DEFAULT_ACCESS_KEY),
      AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    });
    expect(emulatedConnections.map(({ name }) => name)).toEqual(['Local']);
    expect(remarks).toEqual(['ACS: contoso.communication.azure.com (Contoso from local.settings.json)']);
  });
});

describe('Azurite', () => {
  const AcsIdentity = acs('http://127.0.0.1:8090/');

  it('is started for UseDevelopmentStorage=true, wherever it stands', () => {
    expect(choose({ AcsIdentity, AzureWebJobsStorage: 'UseDevelopmentStorage=true' }).emulatedStorage).toEqual([
      'AzureWebJobsStorage',
    ]);
    expect(
      choose({ AcsIdentity, HISTORY_STORAGE: 'Runs', Runs: 'usedevelopmentstorage=True;' }).emulatedStorage,
    ).toEqual(['Runs']);
  });

  it.each([
    [{ AzureWebJobsStorage: realStorage }, 'Storage: contosoruns (AzureWebJobsStorage from the environment)'],
    [
      {
        AzureWebJobsStorage: `TableEndpoint=https://contosoruns.table.core.windows.net/;SharedAccessSignature=sig=${key}`,
      },
      'Storage: contosoruns.table.core.windows.net (AzureWebJobsStorage from the environment)',
    ],
    [
      { AzureWebJobsStorage__accountName: 'contosoruns' },
      'Storage: contosoruns (AzureWebJobsStorage__accountName from local.settings.json)',
    ],
    [
      { AzureWebJobsStorage__tableServiceUri: 'https://contosoruns.table.core.windows.net' },
      'Storage: contosoruns.table.core.windows.net (AzureWebJobsStorage__tableServiceUri from local.settings.json)',
    ],
    [
      { AzureWebJobsStorage: key },
      'Storage: AzureWebJobsStorage (from the environment) is not a storage connection string.',
    ],
    [{}, 'Storage: none (AzureWebJobsStorage is not set). Runs are kept in memory, until the app stops.'],
  ])('is not started for %j', (values, remark) => {
    const { emulatedStorage, remarks } = choose({ AcsIdentity, ...values }, ['AzureWebJobsStorage']);
    expect(emulatedStorage).toEqual([]);
    expect(remarks).toEqual([remark]);
  });
});

describe('the local sign-in service', () => {
  const others = { AcsIdentity: acs('http://127.0.0.1:8090/'), AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
  const localIssuer = (host: string) => `http://${host}/${HOME_TENANT.id}/v2.0`;

  it.each([
    ['the example', localIssuer('127.0.0.1:8089'), 8089],
    ['another port', localIssuer('127.0.0.1:9000'), 9000],
    ['one of several issuers', `https://login.microsoftonline.com/x/v2.0, ${localIssuer('127.0.0.1:8089')}`, 8089],
  ])('is started for %s', (_, issuers, port) => {
    expect(choose({ ...others, ENTRA_ISSUERS: issuers }).signIn).toEqual({ port, issuers });
  });

  it.each([
    [{}],
    [{ ENTRA_ISSUERS: `https://login.microsoftonline.com/${HOME_TENANT.id}/v2.0` }],
    [{ ENTRA_ISSUERS: localIssuer('127.0.0.1.example.com:8089') }],
    [{ ENTRA_ISSUERS: localIssuer('127.0.0.1') }],
    [{ ENTRA_ISSUERS: `${localIssuer('127.0.0.1:8089')}/` }],
    [{ ENTRA_ISSUERS: 'http://127.0.0.1:8089/realms/other' }],
  ])('is not started for %j', (values) => {
    expect(choose({ ...others, ...values }).signIn).toBeUndefined();
  });

  it('is named with its real port to the host, next to other issuers', () => {
    const chosen = choose({ ...others, ENTRA_ISSUERS: `https://a.example, ${localIssuer('127.0.0.1:8089')}` });
    expect(settingsForPorts(chosen, { signIn: 8089 })).toEqual({});
    expect(settingsForPorts(chosen, { signIn: 45678 })).toEqual({
      ENTRA_ISSUERS: `https://a.example,${localIssuer('127.0.0.1:45678')}`,
    });
  });
});

describe('the settings for the host', () => {
  const chosen = choose({
    AcsIdentity: acs('http://127.0.0.1:8090/', key),
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  });

  it('stay as they are while the emulators are on the ports that they name', () => {
    const storage = { blobPort: 10000, connectionString: 'unused' };
    expect(settingsForPorts(chosen, { emulator: 8090, storage })).toEqual({});
  });

  it('name the real ports otherwise, with the key as it was', () => {
    const storage = { blobPort: 11000, connectionString: 'AccountName=devstoreaccount1' };
    expect(settingsForPorts(chosen, { emulator: 45678, storage })).toEqual({
      AcsIdentity: `endpoint=http://127.0.0.1:45678/;accesskey=${key}`,
      AzureWebJobsStorage: 'AccountName=devstoreaccount1',
    });
  });
});
