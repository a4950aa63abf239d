import { existsSync, readFileSync } from 'node:fs';

/** The parts of host.json that this host uses. */
export interface HostJson {
  functionTimeout?: string;
  extensions?: { http?: { routePrefix?: string; customHeaders?: Record<string, string> } };
}

/** The part `Host` of local.settings.json. */
export interface HostPart {
  LocalHttpPort?: number;
  CORS?: string;
  CORSCredentials?: boolean;
}

interface SettingsFile {
  IsEncrypted?: boolean;
  Values?: Record<string, string | number | null>;
  Host?: HostPart;
}

/** The content of a JSON file, which may begin with a byte order mark. An empty object if there is no such file. */
export function readJson(file: string): unknown {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
}

/**
 * Reads local.settings.json. No warning quotes its content, because it contains keys.
 * @param environment its variables win over the file, and a warning names them
 * @param decided by the caller of the host: they win without a warning, because nobody can remove them from the environment
 */
export function readLocalSettings(
  file: string,
  environment: NodeJS.ProcessEnv,
  decided: NodeJS.ProcessEnv,
  warn: (message: string) => void,
) {
  const { IsEncrypted, Values, Host: host = {} } = parseSettingsFile(file, warn);
  const values: Record<string, string> = {};
  if (Values && IsEncrypted !== false) {
    warn(`${file} has no "IsEncrypted": false. Its values are ignored, because they may be encrypted. Add that line.`);
    return { values, host };
  }
  for (const [name, value] of Object.entries(Values ?? {})) {
    if (decided[name]) continue;
    if (environment[name] && !(name in decided)) {
      warn(`Skipping '${name}' from local settings as it's already defined in current environment variables.`);
    } else {
      values[name] = String(value ?? '');
    }
  }
  return { values, host };
}

function parseSettingsFile(file: string, warn: (message: string) => void): SettingsFile {
  try {
    return readJson(file) as SettingsFile;
  } catch {
    warn(`${file} is not valid JSON. It is ignored.`);
    return {};
  }
}

/** A setting by its name, in upper or lower case. `undefined` if it is empty. */
export function settingOf(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const lowerCaseName = name.toLowerCase();
  const entry = Object.entries(environment).find(([key]) => key.toLowerCase() === lowerCaseName);
  return entry?.[1] || undefined;
}
