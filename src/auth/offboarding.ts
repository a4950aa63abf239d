import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { IdentityActions } from '../identity/identityTypes';
import type { Directory } from './directory';
import type { Mapping, PendingUser, StoredMapping } from './directoryRows';
import { deleteIfExists } from './identities';
import type { Person } from './person';

/** Number of parallel deletions. It is low because ACS limits the calls of a resource. */
const AT_ONCE = 4;
/** There are rarely any: each is of a process that died or a storage that failed since the last maintenance. */
const MAX_PENDING = 1_000;
/** How often a mapping that other calls change at the same time is read again. */
const MAX_RETRIES = 5;

export interface OffboardingReport {
  deleted: Mapping[];
  /** Mappings on ACS resources that no connection points at. They are still stored. */
  withoutConnection: Mapping[];
}

export interface OffboardingOptions {
  directory: Directory;
  /** The actions on the ACS resource of a mapping; `undefined` if no connection points at it. */
  actionsFor: (mapping: Mapping) => Promise<Pick<IdentityActions, 'deleteUser'> | undefined>;
  /** Called when a mapping is deleted. */
  onDeleted?: (mapping: Mapping) => void;
  traceparent?: string | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Deletes the ACS users of a person on all devices and resources, each before its row. So if it does not reach the end, a second call finishes the work. This
 * includes users of calls that were interrupted, but not of calls that may still be running.
 * @throws AppError the first failure, after everything else is deleted
 */
export async function offboard(person: Person, options: OffboardingOptions): Promise<OffboardingReport> {
  const { directory, now = Date.now } = options;
  const mappings = await directory.list(person);
  const pending = await directory.pending(now() - LIMITS.runOverMs, MAX_PENDING);
  const report: OffboardingReport = { deleted: [], withoutConnection: [] };
  const failures: unknown[] = [];
  const waiting = [...mappings, ...pending.filter((user) => isOf(person, user))].values();
  const worker = async () => {
    for (const mapping of waiting) {
      try {
        const actions = await options.actionsFor(mapping);
        if (actions === undefined) {
          report.withoutConnection.push(mapping);
          continue;
        }
        if ('etag' in mapping) await deleteMapping(mapping, actions, options);
        else await deletePending(mapping, actions, options);
        report.deleted.push(mapping);
        options.onDeleted?.(mapping);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
  return report;
}

const isOf = ({ tenantId, objectId }: Person, user: Mapping) =>
  user.tenantId === tenantId && user.objectId === objectId;

async function deletePending(
  pending: PendingUser,
  actions: Pick<IdentityActions, 'deleteUser'>,
  { directory, traceparent }: OffboardingOptions,
): Promise<void> {
  await deleteIfExists(actions, pending.identity, { traceparent });
  await directory.removePending(pending);
}

async function deleteMapping(
  mapping: StoredMapping,
  actions: Pick<IdentityActions, 'deleteUser'>,
  { directory, traceparent }: OffboardingOptions,
): Promise<void> {
  let current: StoredMapping | undefined = mapping;
  for (let retries = 0; retries <= MAX_RETRIES; retries += 1) {
    await deleteIfExists(actions, current.identity, { traceparent });
    if (await directory.remove(current)) return;
    // a call of the person has replaced the user meanwhile
    current = await directory.find(mapping);
    if (current === undefined) return;
  }
  throw new AppError(503, 'StorageUnavailable', 'Other calls are changing the ACS user of this person. Try again.');
}
