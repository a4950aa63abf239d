// Reads settings, and has the schema of the settings of the identity actions. The settings of runs are in runSettings.ts and workflowSettings.ts.
import * as v from 'valibot';
import { entryOfSetting, misconfigured } from './errors';
import { rememberSecret } from './redact';

/** All scopes of ACS user access tokens (api-version 2023-10-01). */
export const SCOPES = ['chat', 'voip', 'chat.join', 'chat.join.limited', 'voip.join'] as const;

export type Scope = (typeof SCOPES)[number];

/** More about a setting, for the settings table in docs/settings.md and for redaction. */
export interface SettingMetadata {
  /** The default for the table, in Markdown, if the schema's own default does not show it. */
  default?: string;
  /** The value is a key or a connection string. Once read, it is masked in every text. */
  isSecret?: boolean;
}

/** The schema of one setting. Its input is the text of the setting without surrounding blanks; an empty text counts as missing. */
export const setting = <const S extends v.GenericSchema<string | undefined, unknown>>(
  schema: S,
  description: string,
  metadata: SettingMetadata = {},
) => v.pipe(schema, v.description(description), v.metadata({ ...metadata }));

export const text = () => v.optional(v.string());

export const wholeNumber = (unit: string, min: number, max: number, otherwise: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,6}$/, `must be a whole number of ${unit} from ${min} to ${max}.`),
      v.transform(Number),
      v.minValue(min, `must be a whole number of ${unit} from ${min} to ${max}.`),
      v.maxValue(max, `must be a whole number of ${unit} from ${min} to ${max}.`),
    ),
    String(otherwise),
  );

/** A comma-separated list; empty entries are ignored. */
export const list = v.transform((value: string): string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** A comma-separated list of known names. The message about an unknown entry does not repeat it if it may be a pasted secret. */
export const listOf = <const T extends string>(known: readonly T[], one: string, many: string) =>
  v.pipe(
    v.string(),
    list,
    v.array(
      v.picklist(
        known,
        ({ input }) =>
          `has ${entryOfSetting(String(input))}, which is not a ${one}. ${many} are: ${known.join(', ')}. Separate them with commas.`,
      ),
    ),
  );

const CONNECTION_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

const connectionNameList = v.pipe(
  v.string(),
  list,
  v.minLength(1, 'must name at least one connection.'),
  v.everyItem(
    (name) => CONNECTION_NAME.test(name),
    'must be a comma-separated list of connection names. A name consists of letters, digits and _, and begins with a letter.',
  ),
);

/** Scopes, at least one. */
export const nonEmptyScopes = v.pipe(
  listOf(SCOPES, 'scope', 'Scopes'),
  v.minLength(1, `must name at least one scope of: ${SCOPES.join(', ')}.`),
);

/** Settings that the identity actions read. */
export const ACTION_SETTINGS = v.object({
  IDENTITY_CONNECTIONS: setting(
    v.optional(connectionNameList, 'AcsIdentity'),
    'Names of the ACS connections, separated by commas. The first one is the default. Each connection has the same four settings as `AcsIdentity`.',
  ),
  ALLOWED_SCOPES: setting(
    v.optional(nonEmptyScopes),
    'Scopes that callers may request, separated by commas. A request for any other scope gets 403 `ScopeNotAllowed`.',
    { default: 'all' },
  ),
  MAX_TOKEN_MINUTES: setting(
    wholeNumber('minutes', 60, 1440, 1440),
    'Longest token lifetime that callers may request, in minutes, 60 to 1440. A request without a lifetime gets this lifetime. A request for a longer lifetime gets 403 `ExpiryNotAllowed`.',
  ),
});

/** Settings of one ACS connection, by the Functions convention for identity-based connections. The connection's name is the prefix of each. */
export const CONNECTION_SETTINGS = v.object({
  '': setting(text(), 'Connection string of the ACS resource: `endpoint=https://…/;accesskey=…`.', { isSecret: true }),
  __endpoint: setting(text(), 'Endpoint of the ACS resource, instead of a connection string. Calls then use Entra ID.'),
  __credential: setting(
    v.optional(
      v.pipe(
        v.string(),
        v.toLowerCase(),
        v.literal('managedidentity', "must be 'managedidentity'. Remove it to use DefaultAzureCredential."),
      ),
    ),
    '`managedidentity`: calls use the managed identity of the app.',
    { default: 'DefaultAzureCredential' },
  ),
  __clientId: setting(text(), 'Client id of a user-assigned managed identity.'),
});

/** The text of a setting; `undefined` if it is missing or blank. Only for showing it: a secret must not be shown. */
export const settingText = (name: string): string | undefined => process.env[name]?.trim() || undefined;

type SettingSchemas = Record<string, v.GenericSchema<string | undefined, unknown>>;

/** Each setting's text when it was last parsed, and the result. */
const parsed = new Map<string, { text: string | undefined; result: v.SafeParseResult<v.GenericSchema> }>();

/**
 * The value of one setting. It is parsed again only if its text has changed. A malformed setting is an error only where it is read.
 * @param prefix the beginning of its name, such as the name of a connection
 * @throws AppError `Misconfigured`, which names the setting
 */
export function readSetting<E extends SettingSchemas, N extends keyof E & string>(
  schema: v.ObjectSchema<E, undefined>,
  name: N,
  prefix = '',
): v.InferOutput<E[N]> {
  const fullName = prefix + name;
  const entry = schema.entries[name] as E[N];
  const value = settingText(fullName);
  let kept = parsed.get(fullName);
  if (kept === undefined || kept.text !== value) {
    if (value !== undefined && (v.getMetadata(entry) as SettingMetadata).isSecret === true) rememberParts(value);
    kept = { text: value, result: v.safeParse(entry, value, { abortEarly: true }) };
    parsed.set(fullName, kept);
  }
  const { success, issues, output } = kept.result;
  if (!success) throw misconfigured(fullName, issues[0].message);
  return output;
}

/** Parts of a connection string that are not secret, such as endpoints: messages may contain them. */
const PUBLIC_PART =
  /^\s*(endpoint|\w+endpoint|defaultendpointsprotocol|accountname|endpointsuffix|usedevelopmentstorage)\s*=/i;

function rememberParts(value: string): void {
  if (/^usedevelopmentstorage=true;?$/i.test(value)) return;
  rememberSecret(value);
  for (const part of value.split(';')) {
    if (!PUBLIC_PART.test(part)) rememberSecret(part.slice(part.indexOf('=') + 1).trim());
  }
}

/** The parts of a connection string `A=1;B=2` by lower-case name, without surrounding blanks. Values may contain `=`. */
export function connectionStringParts(connectionString: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  return parts;
}

/** The settings of one ACS connection, each checked by itself. `identity/connections.ts` checks that they fit together. */
export interface ConnectionSettings {
  name: string;
  connectionString: string | undefined;
  endpoint: string | undefined;
  credential: 'managedidentity' | undefined;
  clientId: string | undefined;
}

/** Names of the connections that requests may use; the first is the default. */
export const connectionNames = (): string[] => readSetting(ACTION_SETTINGS, 'IDENTITY_CONNECTIONS');

/** The settings of the connection `name`. @throws AppError `Misconfigured` */
export function connectionSettings(name: string): ConnectionSettings {
  return {
    name,
    connectionString: readSetting(CONNECTION_SETTINGS, '', name),
    endpoint: readSetting(CONNECTION_SETTINGS, '__endpoint', name),
    credential: readSetting(CONNECTION_SETTINGS, '__credential', name),
    clientId: readSetting(CONNECTION_SETTINGS, '__clientId', name),
  };
}
