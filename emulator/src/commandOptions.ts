import { parseArgs } from 'node:util';
import { isBase64 } from './base64';
import { isGuid } from './guid';
import { DEFAULT_HOST, isCertificateName, originError } from './server/address';
import { DEFAULT_PORT, type IdentityEmulatorOptions } from './api';

export const commandUsage = `ACS identity emulator: a local stand-in for the Azure Communication Services Identity service.

  --host ADDRESS              address to listen on (default 127.0.0.1); if it is not a loopback address, everyone who can reach the port can issue tokens
  --port N                    http port (default ${DEFAULT_PORT}; 0 = any free port)
  --https-port N              https port (default: no https; 0 = any free port)
  --access-key K              access key, base64 (default: a well-known key)
  --resource GUID             id of the ACS resource (default: a fixed id); for several resources, repeat --resource and --access-key
  --data FILE                 store users and the token signing key in this file (default: in memory only)
  --certificates DIR          directory of the https certificate (default .local/certificates)
  --certificate-name NAME     another host name or address that the certificate is for; can be repeated
  --cors ORIGIN               allow web pages of this origin; can be repeated, or a list with commas
  --revocation-delay SECONDS  how long revoked tokens are still accepted (default 0; in the cloud up to 900)
  --deleted-users 204|401     status when a deleted user is deleted again (default 204)
  --print text|json           format of the output at the start (default text)
  --quiet                     don't log refused calls
  --stop-with-stdin           stop when stdin is closed, for example because the parent process ended
  --version                   print the version
  --help                      print this text`;

/** An error in the command line; its message holds no key. */
export class UsageError extends Error {}

export interface CommandOptions {
  help: boolean;
  version: boolean;
  quiet: boolean;
  stopWithStdin: boolean;
  print: 'text' | 'json';
  host: string;
  httpsPort: number | undefined;
  emulatorOptions: IdentityEmulatorOptions;
}

const HIGHEST_PORT = 65_535;
const LONGEST_DELAY_SECONDS = 86_400;

/** @throws UsageError */
export function readCommandOptions(args: string[]): CommandOptions {
  const values = parse(args);
  const { host = DEFAULT_HOST, data, certificates, print = 'text', quiet = false } = values;
  const certificateNames = values['certificate-name'] ?? [];
  const corsOrigins = (values.cors ?? []).flatMap((list) => list.split(',').map((origin) => origin.trim()));
  const port = integer('port', values.port, HIGHEST_PORT) ?? DEFAULT_PORT;
  const httpsPort = integer('https-port', values['https-port'], HIGHEST_PORT);
  const delay = integer('revocation-delay', values['revocation-delay'], LONGEST_DELAY_SECONDS);
  const deletedUsers = values['deleted-users'] ?? '204';
  if (deletedUsers !== '204' && deletedUsers !== '401') throw new UsageError('--deleted-users is 204 or 401.');
  if (port !== 0 && port === httpsPort) throw new UsageError('--port and --https-port are the same.');
  if (print !== 'text' && print !== 'json') throw new UsageError('--print is text or json.');
  if (host === '') throw new UsageError('--host is empty.');
  if (!certificateNames.every(isCertificateName)) {
    throw new UsageError('--certificate-name is neither a host name nor an address.');
  }
  const [wrongOrigin] = corsOrigins.flatMap((origin) => originError(origin) ?? []);
  if (wrongOrigin !== undefined) throw new UsageError(`--cors: ${wrongOrigin}`);
  if (certificates === '') throw new UsageError('--certificates is empty.');
  if (data === '') throw new UsageError('--data is empty.');
  return {
    help: values.help === true,
    version: values.version === true,
    quiet,
    stopWithStdin: values['stop-with-stdin'] === true,
    print,
    host,
    httpsPort,
    emulatorOptions: {
      host,
      certificateNames,
      corsOrigins,
      port,
      httpsPort: httpsPort ?? false,
      ...readResources(values.resource ?? [], values['access-key'] ?? []),
      ...(data === undefined ? {} : { dataFile: data }),
      ...(certificates === undefined ? {} : { certificateDirectory: certificates }),
      ...(delay === undefined ? {} : { revocationDelayMs: delay * 1000 }),
      deletedUsers: deletedUsers === '204' ? 204 : 401,
    },
  };
}

function parse(args: string[]) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      tokens: true,
      options: {
        host: { type: 'string' },
        port: { type: 'string' },
        'https-port': { type: 'string' },
        'access-key': { type: 'string', multiple: true },
        resource: { type: 'string', multiple: true },
        data: { type: 'string' },
        certificates: { type: 'string' },
        'certificate-name': { type: 'string', multiple: true },
        cors: { type: 'string', multiple: true },
        'revocation-delay': { type: 'string' },
        'deleted-users': { type: 'string' },
        print: { type: 'string' },
        quiet: { type: 'boolean' },
        'stop-with-stdin': { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
  const stray = parsed.tokens.find(({ kind }) => kind === 'positional');
  if (stray !== undefined) throw new UsageError(strayArgument(args, stray.index));
  return parsed.values;
}

/** Names the argument by its place, since it may be a key. */
function strayArgument(args: string[], index: number): string {
  const [before] = args[index - 1]?.split('=') ?? [];
  const place = before?.startsWith('--') === true ? `, after ${before},` : '';
  return `Argument ${index + 1}${place} belongs to no option. Each value follows its option, as in --port 8090.`;
}

/** Resources and keys belong together by their order. The first of each may be left out. */
function readResources(
  ids: string[],
  keys: string[],
): Pick<IdentityEmulatorOptions, 'accessKey' | 'resourceId' | 'resources'> {
  if (!ids.every(isGuid)) throw new UsageError('--resource is not a guid.');
  if (!keys.every(isBase64)) throw new UsageError('--access-key is not base64.');
  if ((ids.length > 1 || keys.length > 1) && ids.length !== keys.length) {
    throw new UsageError(
      `There are ${ids.length} --resource and ${keys.length} --access-key: with several, give each resource its key.`,
    );
  }
  if (new Set(keys).size < keys.length)
    throw new UsageError('Two --access-key are the same: each resource needs a key of its own.');
  const [resourceId, ...otherIds] = ids;
  const [accessKey, ...otherKeys] = keys;
  return {
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(resourceId === undefined ? {} : { resourceId }),
    resources: otherIds.map((id, i) => ({ resourceId: id, accessKey: otherKeys[i] ?? '' })),
  };
}

function integer(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text) || Number(text) > max) {
    throw new UsageError(`--${name} is a whole number from 0 to ${max}.`);
  }
  return Number(text);
}
