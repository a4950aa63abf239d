import { InvalidArgumentError } from 'commander';
import { CommandError } from './commandError';
import { checkUserId } from '../src/identity/inputs';
import { SCOPES, type Scope } from '../src/base/settings';
import { isLoopback } from '../src/base/loopback';
import { DEEPER_CHECKS, type DeeperCheck } from '../src/base/runSettings';

// Each takes the text of an option or argument, and throws InvalidArgumentError, which commander reports with the option's name.

/** `chat,voip`, or the option again for each. */
export const scopeList = listOf<Scope>('scope', SCOPES);
export const checkList = listOf<DeeperCheck>('check', DEEPER_CHECKS);

function listOf<T extends string>(what: string, known: readonly T[]) {
  return (text: string, before: T[] | undefined): T[] => {
    const names = text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (names.length === 0) throw new InvalidArgumentError(`It names no ${what}. There are: ${known.join(', ')}.`);
    const values = names.map((name) => {
      const value = known.find((one) => one === name);
      if (value !== undefined) return value;
      throw new InvalidArgumentError(`'${name}' is not a ${what}. There are: ${known.join(', ')}.`);
    });
    return [...new Set([...(before ?? []), ...values])];
  };
}

/** A whole number within bounds. */
export function wholeNumber(unit: string, min: number, max: number) {
  return (text: string): number => {
    if (/^\d{1,7}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`It takes a whole number of ${unit} from ${min} to ${max}.`);
  };
}

/** The name of an environment variable. A value in its place is refused without being repeated: it may be a secret. */
export function variableName(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text)) return text;
  // not InvalidArgumentError, which repeats what was given
  throw new CommandError('Options that end in -env take the name of an environment variable, not the value itself.');
}

/** Where a function app is, without a trailing slash. */
export function appUrl(text: string): string {
  const url = webAddress(text.replace(/\/(?:api\/?)?$/, ''));
  if (url.pathname !== '/') throw new InvalidArgumentError('It takes the address of the app alone, without a path.');
  return url.origin;
}

/** An address with https, or with http on this machine. */
function webAddress(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new InvalidArgumentError('It takes an address such as https://NAME.azurewebsites.net.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CommandError(
      'The address of the app holds more than a host: keys never belong into a URL, use --key-env.',
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new InvalidArgumentError('The address must begin with https:// (http:// is for this machine only).');
}

export function userId(text: string): string {
  const id = checkUserId(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError("It is not an ACS user id. One looks like '8:acs:GUID_GUID'.");
}

/** `text`, or one of the other forms that a command has. */
export function outputFormat<T extends string>(...formats: T[]) {
  return (text: string): T => {
    const format = formats.find((one) => one === text);
    if (format !== undefined) return format;
    throw new InvalidArgumentError(`It is one of: ${formats.join(', ')}.`);
  };
}
