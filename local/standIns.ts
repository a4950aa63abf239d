import { connectionStringParts } from '../src/base/settings';
import { isLoopback } from '../src/base/loopback';
import { DEFAULT_ACCESS_KEY, DEFAULT_PORT } from '../emulator/src';
import { DEFAULT_STORAGE_PORT } from './arguments';
import type { LocalSettings } from './localSettings';
import { issuersAtPort, signInPortOf } from './signIn/samples';

/** What has to be started on this machine for the settings as they are, and what is printed about the rest. */
export interface StandIns {
  /** The connections that the identity emulator answers, by name; if empty, it is not needed. */
  emulatedConnections: { name: string; port: number; accessKey: string }[];
  /** The settings that mean Azurite; if empty, it is not needed. */
  emulatedStorage: string[];
  /** The local sign-in service, if ENTRA_ISSUERS names it, and the value of that setting. */
  signIn?: { port: number; issuers: string };
  /** One line for each connection or storage that is elsewhere, missing or malformed. Never a value, only host names. */
  remarks: string[];
}

type SettingValues = Pick<LocalSettings, 'get' | 'sourceOf'>;

/** Decides from the settings alone; nothing is started or asked. */
export function chooseStandIns(settings: SettingValues): StandIns {
  const chosen: StandIns = { emulatedConnections: [], emulatedStorage: [], remarks: [] };
  const connections = (settings.get('IDENTITY_CONNECTIONS') ?? 'AcsIdentity').split(',').map((name) => name.trim());
  for (const name of new Set(connections.filter((item) => item !== ''))) chooseForConnection(name, settings, chosen);
  // The host keeps its timers' state in AzureWebJobsStorage; runs may be kept in another account.
  const history = settings.get('HISTORY_STORAGE') ?? 'AzureWebJobsStorage';
  for (const name of new Set(['AzureWebJobsStorage', history]))
    chooseForStorage(name, name === history, settings, chosen);
  const issuers = settings.get('ENTRA_ISSUERS') ?? '';
  const port = signInPortOf(issuers);
  return port === undefined ? chosen : { ...chosen, signIn: { port, issuers } };
}

function chooseForConnection(name: string, settings: SettingValues, chosen: StandIns): void {
  const connectionString = settings.get(name);
  const endpointSetting = `${name}__endpoint`;
  if (connectionString === undefined) {
    const endpoint = settings.get(endpointSetting);
    const host = endpoint === undefined ? undefined : parseUrl(endpoint)?.host;
    if (host !== undefined) {
      chosen.remarks.push(`ACS: ${host} with Entra ID (${endpointSetting} from ${settings.sourceOf(endpointSetting)})`);
    } else if (endpoint !== undefined) {
      chosen.remarks.push(
        `ACS: ${endpointSetting} (from ${settings.sourceOf(endpointSetting)}) is not a URL; calls will fail.`,
      );
    } else {
      chosen.remarks.push(
        `ACS: neither ${name} (a connection string) nor ${endpointSetting} is set; calls will fail. ` +
          'Set one in local.settings.json: the example has the local emulator.',
      );
    }
    return;
  }
  const parts = connectionStringParts(connectionString);
  const endpoint = parts.get('endpoint');
  const accessKey = parts.get('accesskey') ?? '';
  const url = endpoint === undefined ? undefined : parseUrl(endpoint);
  if (url === undefined) {
    chosen.remarks.push(
      `ACS: ${name} (from ${settings.sourceOf(name)}) is not an ACS connection string; calls will fail.`,
    );
    return;
  }
  const port = url.port === '' ? 80 : Number(url.port);
  const isEmulator =
    url.protocol === 'http:' && isLoopback(url.hostname) && (port === DEFAULT_PORT || accessKey === DEFAULT_ACCESS_KEY);
  if (isEmulator) chosen.emulatedConnections.push({ name, port, accessKey });
  else chosen.remarks.push(`ACS: ${url.host} (${name} from ${settings.sourceOf(name)})`);
}

function chooseForStorage(name: string, keepsRuns: boolean, settings: SettingValues, chosen: StandIns): void {
  const value = settings.get(name);
  if (value !== undefined && /^\s*UseDevelopmentStorage\s*=\s*true\s*;?\s*$/i.test(value)) {
    chosen.emulatedStorage.push(name);
    return;
  }
  const source = `${name} from ${settings.sourceOf(name)}`;
  if (value !== undefined) {
    const parts = connectionStringParts(value);
    const tables = parts.get('tableendpoint');
    const where = tables === undefined ? parts.get('accountname') : parseUrl(tables)?.host;
    chosen.remarks.push(
      where === undefined
        ? `Storage: ${name} (from ${settings.sourceOf(name)}) is not a storage connection string.`
        : `Storage: ${where} (${source})`,
    );
    return;
  }
  for (const suffix of ['tableServiceUri', 'accountName', 'blobServiceUri']) {
    const identityBased = settings.get(`${name}__${suffix}`);
    if (identityBased === undefined) continue;
    const where = suffix === 'accountName' ? identityBased : (parseUrl(identityBased)?.host ?? 'not a URL');
    chosen.remarks.push(`Storage: ${where} (${name}__${suffix} from ${settings.sourceOf(`${name}__${suffix}`)})`);
    return;
  }
  if (keepsRuns)
    chosen.remarks.push(`Storage: none (${name} is not set). Runs are kept in memory, until the app stops.`);
}

/** The settings that must change because an emulator is on another port than they name; they go to the host's environment. */
export function settingsForPorts(
  chosen: StandIns,
  ports: {
    emulator?: number | undefined;
    storage?: { blobPort: number; connectionString: string } | undefined;
    signIn?: number | undefined;
  },
): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const { name, port, accessKey } of chosen.emulatedConnections) {
    if (ports.emulator === undefined || ports.emulator === port) continue;
    changed[name] = `endpoint=http://127.0.0.1:${ports.emulator}/;accesskey=${accessKey}`;
  }
  for (const name of chosen.emulatedStorage) {
    if (ports.storage === undefined || ports.storage.blobPort === DEFAULT_STORAGE_PORT) continue;
    changed[name] = ports.storage.connectionString;
  }
  if (chosen.signIn !== undefined && ports.signIn !== undefined && ports.signIn !== chosen.signIn.port) {
    changed['ENTRA_ISSUERS'] = issuersAtPort(chosen.signIn.issuers, ports.signIn);
  }
  return changed;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) && /^https?:/i.test(text) ? new URL(text) : undefined;
}
