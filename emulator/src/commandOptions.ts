import { parseArgs } from 'node:util';
import { isBase64 } from './base64';
import { isGuid } from './guid';
import { DEFAULT_HOST, isCertificateName, isOrigin, ORIGIN_FORM } from './server/address';
import { DEFAULT_PORT, type IdentityEmulatorOptions } from './api';

export const commandUsage = `ACS identity emulator: a local stand-in for the Azure Communication Services Identity service.

  --host ADDRESS              listen on this address (127.0.0.1); others than loopback let everyone who reaches the port issue tokens
  --port N                    http port (${DEFAULT_PORT}; 0 = any free one)
  --https-port N              serve https too, on this port (0 = any free one; off by default)
  --access-key K              base64 (a well-known key)
  --resource GUID             id of the ACS resource (a fixed one); again, with an --access-key each, for more resources
  --data FILE                 keep users and the key pair of the tokens in this file (nothing is kept)
  --certificates DIR          where the https certificate is kept (.local/certificates)
  --certificate-name NAME     another name or address of the https endpoint, for its certificate; may be given again
  --cors ORIGIN               let web pages of this origin call; may be given again, or separated by commas
  --revocation-delay SECONDS  how long revoked tokens go on being accepted (0; in the cloud up to 900)
  --deleted-users 204|401     what is answered when a deleted user is deleted again (204)
  --print text|json           what is printed at the start (text)
  --quiet                     don't print the calls that were refused
  --help`;

/** An error in the command line; its message holds no key. */
export class UsageError extends Error {}

export interface CommandOptions {
  help: boolean;
  quiet: boolean;
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
  const { host = DEFAULT_HOST, data, certificates, print = 'text', quiet = false, help = false } = values;
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
  if (!corsOrigins.every(isOrigin)) throw new UsageError(`--cors: ${ORIGIN_FORM}`);
  if (certificates === '') throw new UsageError('--certificates is empty.');
  if (data === '') throw new UsageError('--data is empty.');
  return {
    help,
    quiet,
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
  try {
    return parseArgs({
      args,
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
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    // parseArgs repeats a stray argument, which may be a key.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL')
      throw new UsageError('There is an argument that belongs to no option.');
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
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
