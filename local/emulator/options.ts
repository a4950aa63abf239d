import { resolve } from 'node:path';
import type { AccessKey } from './authentication/accessKeySignature';
import { isBase64 } from './base64';
import { isGuid } from './guid';
import { ResourceUsers } from './state/users';

/** Well known, and so no secret: whoever can reach this machine's loopback may use the emulator. */
export const DEFAULT_ACCESS_KEY = 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW9mLXRoZS1hY3MtaWRlbnRpdHktZW11bGF0b3I=';
export const DEFAULT_RESOURCE_ID = '1ca10000-ac51-4de0-8000-1d3e0717e000';
/** What the command listens on; the factory takes any free port. */
export const DEFAULT_PORT = 8090;

export interface IdentityEmulatorOptions {
  /** Of the http endpoint; default 0 = any free one. */
  port?: number;
  /** Of the https endpoint; default false = none; 0 = any free one. */
  httpsPort?: number | false;
  /** Base64; default {@link DEFAULT_ACCESS_KEY}. */
  accessKey?: string;
  /** A guid; default {@link DEFAULT_RESOURCE_ID}. Entra ID tokens, which name no resource, open this one. */
  resourceId?: string;
  /** More resources; the key that signs selects one; the same resource again gives it another key. */
  resources?: { resourceId: string; accessKey: string }[];
  /** Keeps users and the key pair of the tokens across restarts; default: they end with the emulator. */
  dataFile?: string;
  /** Where the https endpoint's certificate is kept; default .local/certificates in the working directory. */
  certificateDirectory?: string;
  /** How long revoked tokens go on being accepted; default 0, in the cloud up to 15 minutes. */
  revocationDelayMs?: number;
  /**
   * The status when a user that was deleted, or never existed, is deleted; default 204. No recording shows what the service does: 401 is what it answers
   * for users of another resource.
   */
  deletedUsers?: 204 | 401;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Takes a line for every call that was refused, and why; default: not reported. */
  log?: (line: string) => void;
}

/**
 * The resources that the options ask for, by their keys; the first is the default one.
 * @throws TypeError that names the invalid option, never its value where that is a key
 */
export function makeResources(options: IdentityEmulatorOptions): AccessKey<ResourceUsers>[] {
  const { accessKey = DEFAULT_ACCESS_KEY, resourceId = DEFAULT_RESOURCE_ID, resources = [] } = options;
  const users = new Map<string, ResourceUsers>();
  const keys = new Set<string>();
  return [{ accessKey, resourceId }, ...resources].map((wanted, i) => {
    const at = i === 0 ? '' : `resources[${i - 1}].`;
    const id = wanted.resourceId.toLowerCase();
    if (!isGuid(id)) throw new TypeError(`${at}resourceId is not a guid.`);
    if (!isBase64(wanted.accessKey)) throw new TypeError(`${at}accessKey is not base64.`);
    if (keys.has(wanted.accessKey)) throw new TypeError(`${at}accessKey opens another resource already.`);
    keys.add(wanted.accessKey);
    const resource = users.get(id) ?? new ResourceUsers(id);
    users.set(id, resource);
    return { base64: wanted.accessKey, bytes: Buffer.from(wanted.accessKey, 'base64'), resource };
  });
}

export const certificateDirectoryOf = ({ certificateDirectory }: IdentityEmulatorOptions): string =>
  resolve(certificateDirectory ?? '.local/certificates');
