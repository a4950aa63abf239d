import type { Mapping, MappingKey } from './directoryRows';

/** Enough for the people of one instance; a mapping takes less than 1 KB. */
const MAX_MAPPINGS = 10_000;
/** How long a mapping that another instance has changed may be used. ACS itself refuses users that were deleted. */
const MAX_AGE_MS = 600_000;

/** The mappings that this process used last. A known person's token then costs no call to the storage. Tokens are never kept. */
export class MappingCache {
  /** In the order of use, by key. */
  private readonly entries = new Map<string, { mapping: Mapping; until: number }>();

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get(key: MappingKey): Mapping | undefined {
    const id = idOf(key);
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    this.entries.delete(id);
    if (entry.until < this.now()) return undefined;
    this.entries.set(id, entry);
    return entry.mapping;
  }

  set(mapping: Mapping): void {
    const id = idOf(mapping);
    this.entries.delete(id);
    this.entries.set(id, { mapping, until: this.now() + MAX_AGE_MS });
    if (this.entries.size <= MAX_MAPPINGS) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  delete(key: MappingKey): void {
    this.entries.delete(idOf(key));
  }
}

/** The key as one text: none of its parts has a blank. */
export const idOf = ({ tenantId, objectId, resource, device }: MappingKey): string =>
  `${tenantId} ${objectId} ${resource} ${device}`;
