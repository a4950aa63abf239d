// The rows of the directory. Keys have hashes, because a subject may contain characters that a table key may not; the values stand in columns.
import { createHash } from 'node:crypto';
import type { NewRow, Row } from '../history/tableRows';
import type { Person } from './person';

export const DEFAULT_DEVICE = 'default';

/** Whose identity, on which device and on which ACS resource. */
export interface MappingKey extends Person {
  device: string;
  /** The host of the ACS resource. */
  resource: string;
}

/** A person's device, and the ACS user that it has on an ACS resource. */
export interface Mapping extends MappingKey {
  /** The id of the ACS user. */
  identity: string;
  /** The connection that the user was created on. */
  connection: string;
  /** RFC 3339 UTC. */
  createdOn: string;
}

/** A mapping as it is stored. `etag` changes with each change of the row. */
export type StoredMapping = Mapping & { etag: string };

/** A user that was created for a mapping which may not be stored. */
export interface PendingUser extends Mapping {
  rowKey: string;
}

/** 43 characters, all of them legal in a key. */
const hash = (text: string) => createHash('sha256').update(text).digest('base64url');

/**
 * The row key of a mapping; its partition is `tenantId`. The person comes first, so that the rows of a person on all devices and resources are one range,
 * and those on one resource are another.
 */
export const mappingRowKey = ({ objectId, resource, device }: MappingKey) =>
  `${hash(objectId)}!${hash(resource)}!${device}`;

/** The rows of a person, on one resource or on all. */
export function personRange(objectId: string, resource?: string): { above: string; below: string } {
  const prefix = resource === undefined ? `${hash(objectId)}!` : `${hash(objectId)}!${hash(resource)}!`;
  return { above: prefix, below: `${prefix}~` };
}

/** The partition of pending users. No tenant has this id. */
export const PENDING = 'pending';

/** Sorts by time. */
export const pendingRowKey = ({ createdOn, identity }: Mapping) => `${createdOn}!${hash(identity)}`;

/** Pending users that were created before `ms`, in milliseconds since the epoch. */
export const pendingBefore = (ms: number) => ({ above: '0', below: new Date(ms).toISOString() });

const COLUMNS = ['tenantId', 'objectId', 'device', 'identity', 'connection', 'resource', 'createdOn'] as const;
export const SELECT: string[] = [...COLUMNS];

export const rowOf = (rowKey: string, mapping: Mapping): NewRow => ({
  rowKey,
  ...Object.fromEntries(COLUMNS.map((name) => [name, mapping[name]])),
});

export const mappingOf = (row: Row): Mapping =>
  Object.fromEntries(COLUMNS.map((name) => [name, String(row[name])])) as unknown as Mapping;
