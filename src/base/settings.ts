import { misconfigured } from './errors';
import { rememberSecret } from './redact';

/** A setting's value without surrounding blanks; an empty one counts as absent. */
export function read(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** Parts of a connection string that name a place and are no secret: messages may contain them. */
const PUBLIC_PART =
  /^\s*(endpoint|\w+endpoint|defaultendpointsprotocol|accountname|endpointsuffix|usedevelopmentstorage)\s*=/i;

/** As {@link read}, for a key or a connection string: it and its secret parts are masked from then on wherever text is kept or shown. */
export function readSecret(name: string): string | undefined {
  const value = read(name);
  if (value === undefined || /^usedevelopmentstorage=true;?$/i.test(value)) return value;
  rememberSecret(value);
  for (const part of value.split(';')) {
    if (!PUBLIC_PART.test(part)) rememberSecret(part.slice(part.indexOf('=') + 1).trim());
  }
  return value;
}

/** The parts of a connection string `A=1;B=2` by lower-case name, without surrounding blanks. Values may hold `=`. */
export function connectionStringParts(connectionString: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  return parts;
}

export function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The settings of one ACS connection, unchecked: `identity/connections` checks them. */
export interface ConnectionSettings {
  name: string;
  connectionString: string | undefined;
  endpoint: string | undefined;
  credential: string | undefined;
  clientId: string | undefined;
}

/** Names of the connections that requests may use; the first is the default. */
export function connectionNames(): string[] {
  const names = list(read('IDENTITY_CONNECTIONS') ?? 'AcsIdentity');
  for (const name of names) {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name)) {
      throw misconfigured(
        'IDENTITY_CONNECTIONS',
        'must be a comma-separated list of connection names. A name has letters, digits and _, and begins with a letter.',
      );
    }
  }
  if (names.length === 0) throw misconfigured('IDENTITY_CONNECTIONS', 'must name at least one connection.');
  return names;
}

/** The settings of the connection `name`, by the Functions convention for identity-based connections. */
export function connectionSettings(name: string): ConnectionSettings {
  return {
    name,
    connectionString: readSecret(name),
    endpoint: read(`${name}__endpoint`),
    credential: read(`${name}__credential`),
    clientId: read(`${name}__clientId`),
  };
}

export function wholeNumber(name: string, unit: string, min: number, max: number, otherwise: number): number {
  const value = read(name);
  if (value === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(value) || Number(value) < min || Number(value) > max) {
    throw misconfigured(name, `must be a whole number of ${unit} from ${min} to ${max}.`);
  }
  return Number(value);
}

export function allowedScopes(): string[] | undefined {
  const scopes = read('ALLOWED_SCOPES');
  return scopes === undefined ? undefined : list(scopes);
}

/** What callers may ask for; `undefined` if only ACS limits it. `identity/operatorLimits` checks it. */
export function limitSettings(): { allowedScopes: string[] | undefined; maxTokenMinutes: number } {
  return {
    allowedScopes: allowedScopes(),
    maxTokenMinutes: wholeNumber('MAX_TOKEN_MINUTES', 'minutes', 60, 1440, 1440),
  };
}
