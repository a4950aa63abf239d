import type { Revocations } from './revocations';
import { UserIdMaker } from './userIds';

export interface User extends Revocations {
  readonly createdAt: number;
}

const idMaker = new UserIdMaker();

/**
 * The users of one ACS resource. Only the living are kept: a deleted user is as unknown as one that never was, so nothing needs to be
 * remembered of it. Above `capacity` the oldest user is forgotten, as if it were deleted, so memory has a limit: some 150 bytes a user.
 */
export class ResourceUsers {
  static readonly CAPACITY = 1_000_000;
  private readonly byUserPart = new Map<string, User>();
  private readonly idPrefix: string;

  constructor(
    readonly resourceId: string,
    private readonly capacity = ResourceUsers.CAPACITY,
  ) {
    this.idPrefix = `8:acs:${resourceId}_`;
  }

  create(nowMs: number): { id: string; user: User } {
    const userPart = idMaker.next(nowMs);
    const user: User = { createdAt: nowMs };
    this.byUserPart.set(userPart, user);
    if (this.byUserPart.size > this.capacity) {
      for (const oldest of this.byUserPart.keys()) {
        this.byUserPart.delete(oldest);
        break;
      }
    }
    return { id: this.idPrefix + userPart, user };
  }

  /** Whether the id names this resource, be its user there or not. */
  owns(id: string): boolean {
    return id.startsWith(this.idPrefix);
  }

  find(id: string): User | undefined {
    return this.owns(id) ? this.byUserPart.get(id.slice(this.idPrefix.length)) : undefined;
  }

  delete(id: string): void {
    if (this.owns(id)) this.byUserPart.delete(id.slice(this.idPrefix.length));
  }

  list(): { id: string; createdAt: number; tokensValidFrom?: number }[] {
    return [...this.byUserPart].map(([userPart, { createdAt, tokensValidFrom }]) => ({
      id: this.idPrefix + userPart,
      createdAt,
      ...(tokensValidFrom === undefined ? {} : { tokensValidFrom }),
    }));
  }
}
