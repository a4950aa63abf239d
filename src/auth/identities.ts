import { setTimeout } from 'node:timers/promises';
import { correctedNow } from '../base/clock';
import { AppError, isAppError } from '../base/errors';
import type { RunLog } from '../base/log';
import type { CallOptions, IdentityActions } from '../identity/identityTypes';
import type { Directory } from './directory';
import type { Mapping, MappingKey, PendingUser, StoredMapping } from './directoryRows';
import { idOf, MappingCache } from './mappingCache';

/** Maximum number of devices of a person, on one ACS resource. */
export const MAX_DEVICES = 10;
/** How often a mapping that others change at the same time is read again. */
const MAX_RETRIES = 3;
/** Of calls that add devices at the same time, before they count again. */
const LONGEST_WAIT_MS = 400;

/** Where users are created. */
export interface UserSource {
  /** The connection's name. */
  connection: string;
  actions: Pick<IdentityActions, 'createUser'>;
  /** For users that are not needed. They are deleted also while the app stops. */
  cleanupActions: Pick<IdentityActions, 'deleteUser'>;
}

export interface PersonCall extends Pick<CallOptions, 'traceparent' | 'onAttempt'> {
  log?: Pick<RunLog, 'warn' | 'error'> | undefined;
}

export interface FoundIdentity {
  mapping: Mapping;
  /** Has this call, or one that it waited for, created the user? */
  isNew: boolean;
}

/** Finds the ACS users of people, and creates missing ones. Of the calls for one device at the same time, one does the work. */
export class Identities {
  private readonly cache = new MappingCache();
  private readonly inFlight = new Map<string, Promise<FoundIdentity>>();

  constructor(
    private readonly directory: Directory,
    private readonly sleep: (ms: number) => Promise<unknown> = setTimeout,
  ) {}

  /**
   * The ACS user of a person's device.
   * @param call.gone a user that ACS does not know any more: if the directory still has it, it is replaced
   * @throws AppError `TooManyDevices` (409); `StorageUnavailable` (503); those of createUser
   */
  async ensure(key: MappingKey, source: UserSource, call: PersonCall & { gone?: string | undefined }) {
    for (;;) {
      const cached = this.cache.get(key);
      if (cached !== undefined && cached.identity !== call.gone) return { mapping: cached, isNew: false };
      const found = await (this.inFlight.get(idOf(key)) ?? this.begin(key, source, call));
      // a call that did not know that the user is gone may have found it
      if (found.mapping.identity !== call.gone) return found;
    }
  }

  /** Drops what this process remembers of a mapping. */
  forget(key: MappingKey): void {
    this.cache.delete(key);
  }

  private begin(...[key, ...more]: Parameters<Identities['ensure']>): Promise<FoundIdentity> {
    const id = idOf(key);
    const finding = this.findOrCreate(key, ...more)
      .then((found) => {
        this.cache.set(found.mapping);
        return found;
      })
      .finally(() => this.inFlight.delete(id));
    this.inFlight.set(id, finding);
    return finding;
  }

  private async findOrCreate(...[key, source, call]: Parameters<Identities['ensure']>): Promise<FoundIdentity> {
    for (let retries = 0; retries <= MAX_RETRIES; retries += 1) {
      const stored = await this.directory.find(key);
      if (stored !== undefined && stored.identity !== call.gone) return { mapping: stored, isNew: false };
      const mapping = await this.create(key, stored, source, call);
      if (mapping !== undefined) return { mapping, isNew: true };
    }
    throw new AppError(503, 'StorageUnavailable', 'Other calls are changing the ACS user of this person. Try again.');
  }

  /**
   * Creates a user, and stores it as the device's: instead of `stored`, or if there is none. Returns `undefined` if another call was faster.
   *
   * A pending row names the user until its mapping is stored, or until it is deleted. So if the process dies or the storage fails in between, the next
   * maintenance deletes the user, unless the mapping names it.
   */
  private async create(
    key: MappingKey,
    stored: StoredMapping | undefined,
    source: UserSource,
    { traceparent, log }: PersonCall,
  ): Promise<Mapping | undefined> {
    const { directory } = this;
    if (stored === undefined && (await this.countDevices(key)) >= MAX_DEVICES) throw tooManyDevices();
    const { identity } = await source.actions.createUser({}, { traceparent });
    const { tenantId, objectId, device, resource } = key;
    const mapping: Mapping = {
      ...{ tenantId, objectId, device, resource },
      identity: identity.id,
      connection: source.connection,
      createdOn: new Date(correctedNow(directory.clockSkewMs())).toISOString(),
    };
    const pending = await directory.addPending(mapping).catch(async (error: unknown) => {
      await this.rescue(mapping, source, log);
      throw error;
    });
    // if this fails for another reason than the limit, nobody knows whether it is stored: the pending row stays
    const kept = await (stored ? directory.replace(stored, mapping) : this.insert(mapping)).catch(
      async (error: unknown) => {
        if (isAppError(error) && error.code === 'TooManyDevices') await this.discard(pending, source, log);
        throw error;
      },
    );
    if (kept === undefined) {
      await this.discard(pending, source, log);
      return undefined;
    }
    // ACS does not know the replaced user, so it should be gone; nothing would name it from now on
    if (stored !== undefined) await this.rescue(stored, source, log);
    await directory.removePending(pending).catch(() => undefined);
    return mapping;
  }

  /** How many devices the person has on the resource. */
  private async countDevices(key: MappingKey): Promise<number> {
    return (await this.directory.list(key, key.resource)).length;
  }

  /**
   * Stores the mapping of another device. Several may be added at the same time, on several instances. Each call counts after its own addition, so at least
   * the last one sees all. If there are too many, it takes its addition back. Others may have done the same, so after a random wait it counts again.
   * @returns `undefined` if there is a mapping with this key
   * @throws AppError `TooManyDevices`
   */
  private async insert(mapping: Mapping): Promise<StoredMapping | undefined> {
    for (let retries = 0; ; retries += 1) {
      const kept = await this.directory.insert(mapping);
      if (kept === undefined) return undefined;
      if ((await this.countDevices(mapping)) <= MAX_DEVICES) return kept;
      await this.directory.remove(kept);
      if (retries === MAX_RETRIES) throw tooManyDevices();
      await this.sleep(Math.random() * LONGEST_WAIT_MS);
      if ((await this.countDevices(mapping)) >= MAX_DEVICES) throw tooManyDevices();
    }
  }

  /** Deletes a user that is not needed. If that fails, its pending row stays. */
  private async discard(pending: PendingUser, { cleanupActions }: UserSource, log: PersonCall['log']): Promise<void> {
    try {
      await deleteIfExists(cleanupActions, pending.identity);
      await this.directory.removePending(pending);
    } catch (error) {
      log?.warn(`User ${pending.identity} is not needed, and is not deleted yet: ${messageOf(error)}`);
    }
  }

  /** Deletes a user that no row names. If that fails, it is recorded as pending; if nothing works, its id is logged. */
  private async rescue(mapping: Mapping, { cleanupActions }: UserSource, log: PersonCall['log']): Promise<void> {
    try {
      await deleteIfExists(cleanupActions, mapping.identity);
    } catch {
      await this.directory.addPending(mapping).catch((error: unknown) => {
        const reason = messageOf(error);
        log?.error(`User ${mapping.identity} is left: it could be neither recorded nor deleted. Delete it. ${reason}`);
      });
    }
  }
}

const tooManyDevices = () =>
  new AppError(
    409,
    'TooManyDevices',
    `device: this person already has ACS users for ${MAX_DEVICES} devices, which is the maximum. Use the name of one of these devices, or delete all ACS users of the person with DELETE me.`,
    { target: 'device' },
  );

/** Deletes a user, unless ACS does not know it. @throws AppError of deleteUser */
export async function deleteIfExists(
  actions: Pick<IdentityActions, 'deleteUser'>,
  userId: string,
  options: CallOptions = {},
): Promise<void> {
  try {
    await actions.deleteUser({ userId }, options);
  } catch (error) {
    if (!isUserNotFound(error)) throw error;
  }
}

/** Does ACS not know the user? It was deleted, or it belonged to a resource that had this name before. */
export const isUserNotFound = (error: unknown): boolean => isAppError(error) && error.code === 'UserNotFound';

const messageOf = (error: unknown) => (isAppError(error) ? error.message : 'the reason is unknown');
