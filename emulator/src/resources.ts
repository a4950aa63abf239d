import { DEFAULT_ACCESS_KEY, DEFAULT_RESOURCE_ID, type IdentityEmulatorOptions } from './api';
import type { AccessKey } from './authentication/accessKeySignature';
import { isBase64 } from './base64';
import { isGuid } from './guid';
import { ResourceUsers } from './state/users';

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
