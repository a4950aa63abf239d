import { AppError } from '../base/errors';
import type { IdentityActions } from '../identity/identityTypes';
import type { Directory } from './directory';
import type { StoredMapping } from './directoryRows';
import { deleteIfExists } from './identities';
import type { Person } from './person';

/** Number of parallel deletions. It is low because ACS limits the calls of a resource. */
const AT_ONCE = 4;
/** How often a mapping that other calls change at the same time is read again. */
const MAX_RETRIES = 5;

export interface OffboardingReport {
  deleted: StoredMapping[];
  /** Mappings on ACS resources that no connection points at. They are still stored. */
  withoutConnection: StoredMapping[];
}

export interface OffboardingOptions {
  directory: Directory;
  /** The actions on an ACS resource; `undefined` if no connection points at it. */
  actionsAt: (resource: string) => Promise<Pick<IdentityActions, 'deleteUser'> | undefined>;
  /** Called when a mapping is deleted. */
  onDeleted?: (mapping: StoredMapping) => void;
  traceparent?: string | undefined;
}

/**
 * Deletes the ACS users of a person on all devices and resources, each before its row. So if it does not reach the end, a second call finishes the work.
 * @throws AppError the first failure, after everything else is deleted
 */
export async function offboard(person: Person, options: OffboardingOptions): Promise<OffboardingReport> {
  const mappings = await options.directory.list(person);
  const report: OffboardingReport = { deleted: [], withoutConnection: [] };
  const failures: unknown[] = [];
  const waiting = mappings.values();
  const worker = async () => {
    for (const mapping of waiting) {
      try {
        const actions = await options.actionsAt(mapping.resource);
        if (actions === undefined) {
          report.withoutConnection.push(mapping);
          continue;
        }
        await deleteMapping(mapping, actions, options);
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
  throw new AppError(503, 'StorageUnavailable', 'Other calls change the identity of this person. Try again.');
}
