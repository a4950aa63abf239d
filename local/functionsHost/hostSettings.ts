import { existsSync, readFileSync } from 'node:fs';

export { timeSpanMs as parseTimeSpanMs } from '../../src/base/schedule';

type HttpPart = { routePrefix?: string; customHeaders?: Record<string, string> };
/** The parts of host.json and of local.settings.json that count here. */
export type HostJson = { functionTimeout?: string; extensions?: { http?: HttpPart } };
export type HostPart = { LocalHttpPort?: number; CORS?: string; CORSCredentials?: boolean };
type SettingsFile = { IsEncrypted?: boolean; Values?: Record<string, string | number | null>; Host?: HostPart };

/** An empty object when there is no such file. */
export const readJson = (file: string): unknown =>
  existsSync(file) ? JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) : {};

/** Reads local.settings.json. Its content is never quoted in a message: it holds keys. */
export function readLocalSettings(file: string, given: NodeJS.ProcessEnv, warn: (text: string) => void) {
  const values: Record<string, string> = {};
  let content: SettingsFile = {};
  try {
    content = readJson(file) as SettingsFile;
  } catch {
    warn(`${file} is not valid JSON: nothing of it is used.`);
  }
  const { IsEncrypted, Values, Host: host = {} } = content;
  const isReadable = IsEncrypted === false || !Values;
  if (!isReadable) warn(`${file} must have "IsEncrypted": false, or its values count as encrypted: none is used.`);
  for (const [name, value] of Object.entries((isReadable && Values) || {})) {
    if (!given[name]) values[name] = String(value ?? '');
    else warn(`Skipping '${name}' from local settings as it's already defined in current environment variables.`);
  }
  return { values, host };
}

/** A setting by its name, in any case. */
export function settingOf(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return Object.entries(environment).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] || undefined;
}
