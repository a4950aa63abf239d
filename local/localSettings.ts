import { existsSync } from 'node:fs';
import { constants, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, CommandError, FAILED, messageOf } from './messages';

export const SETTINGS_FILE = 'local.settings.json';

export interface LocalSettings {
  /** Path of local.settings.json. */
  file: string;
  /** It was made from the example just now. */
  created: boolean;
  /** A setting's value, or undefined when it is missing or empty. The environment wins over the file, as under `func`. */
  get(name: string): string | undefined;
  /** Where a value comes from, for messages. */
  sourceOf(name: string): string;
  /** The origins of web pages that `Host.CORS` lists, without `*`. */
  origins: string[];
}

/** What is printed when it was made. */
export const SETTINGS_WERE_MADE = `Made ${SETTINGS_FILE} from ${SETTINGS_FILE}.example.`;

/**
 * Makes local.settings.json from local.settings.json.example if it is missing. A file that exists is never changed.
 * @returns whether it was made
 * @throws {CommandError} if it is missing and cannot be made
 */
export async function createLocalSettings(projectRoot: string): Promise<boolean> {
  const file = join(projectRoot, SETTINGS_FILE);
  if (existsSync(file)) return false;
  try {
    await copyFile(`${file}.example`, file, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    // Another start has just made it.
    if (codeOf(error) === 'EEXIST') return false;
    throw new CommandError(`There is no ${SETTINGS_FILE}, and none can be made: ${messageOf(error)}`, FAILED);
  }
}

/**
 * Reads local.settings.json, made from local.settings.json.example when it is missing.
 * @throws {CommandError} that names what to do, if it cannot be read or is not what `func` takes
 */
export async function readLocalSettings(
  projectRoot: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<LocalSettings> {
  const file = join(projectRoot, SETTINGS_FILE);
  const created = await createLocalSettings(projectRoot);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${SETTINGS_FILE} cannot be read: ${messageOf(error)}`, FAILED);
  });
  const { values, origins } = contentOf(text);
  const inEnvironment = (name: string): boolean => (environment[name] ?? '') !== '';
  return {
    file,
    created,
    get: (name) => (inEnvironment(name) ? environment[name] : values.get(name) || undefined),
    sourceOf: (name) => (inEnvironment(name) ? 'the environment' : SETTINGS_FILE),
    origins,
  };
}

/** Nothing of the file is ever quoted in an error: it holds keys, and JSON.parse's message repeats what it stumbled over. */
function contentOf(text: string): { values: Map<string, string>; origins: string[] } {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalidFile(`is not valid JSON${placeOf(error, text)}`, 'Correct it');
  }
  if (!isObject(content)) throw invalidFile('does not hold a JSON object', 'Correct it');
  if (content['IsEncrypted'] !== false) {
    throw invalidFile('has no "IsEncrypted": false, so its values count as encrypted', 'Add that line');
  }
  const values = content['Values'];
  if (!isObject(values)) throw invalidFile('has no "Values" object', 'Add one with your settings');
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw invalidFile(`has a "${name}" that is not a plain value`, 'Make it a string, a number or a boolean');
    }
    texts.set(name, String(value));
  }
  return { values: texts, origins: originsOf(content['Host']) };
}

function originsOf(host: unknown): string[] {
  const list = isObject(host) && typeof host['CORS'] === 'string' ? host['CORS'].split(',') : [];
  const origins = list.map((origin) => (URL.canParse(origin.trim()) ? new URL(origin.trim()).origin : 'null'));
  return origins.filter((origin) => /^https?:/.test(origin));
}

function invalidFile(problem: string, remedy: string): CommandError {
  return new CommandError(
    `${SETTINGS_FILE} ${problem}. ${remedy}, or delete the file: the next start makes it anew from ${SETTINGS_FILE}.example.`,
    FAILED,
  );
}

/** Node reports "... at position 12" or "... (line 3 column 5)"; only the number is taken over. */
function placeOf(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(messageOf(error))?.[1];
  return position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
