import type { Change, UserState } from './changes';
import { revoke, type Revocations } from './revocations';
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
  /** Called for every change, before the call that made it returns. */
  onChange: ((change: Change) => void) | undefined;

  constructor(
    readonly resourceId: string,
    private readonly capacity = ResourceUsers.CAPACITY,
  ) {
    this.idPrefix = `8:acs:${resourceId}_`;
  }

  get size(): number {
    return this.byUserPart.size;
  }

  create(nowMs: number): { id: string; user: User } {
    const userPart = idMaker.next(nowMs);
    const user: User = { createdAt: nowMs };
    this.keep(userPart, user);
    this.onChange?.({ kind: 'created', userPart, createdAt: nowMs });
    return { id: this.idPrefix + userPart, user };
  }

  /** Whether the id names this resource, be its user there or not. */
  owns(id: string): boolean {
    return id.startsWith(this.idPrefix);
  }

  find(id: string): User | undefined {
    return this.owns(id) ? this.byUserPart.get(id.slice(this.idPrefix.length)) : undefined;
  }

  /** Revokes the tokens of a living user; of any other there are none. */
  revokeTokens(id: string, nowMs: number, delayMs: number): void {
    const user = this.find(id);
    if (user === undefined) return;
    revoke(user, nowMs, delayMs);
    this.onChange?.({ kind: 'revoked', userPart: id.slice(this.idPrefix.length), at: nowMs, delayMs });
  }

  delete(id: string): void {
    const userPart = id.slice(this.idPrefix.length);
    if (this.owns(id) && this.byUserPart.delete(userPart)) this.onChange?.({ kind: 'deleted', userPart });
  }

  deleteAll(): void {
    for (const userPart of this.byUserPart.keys()) this.delete(this.idPrefix + userPart);
  }

  list(): { id: string; createdAt: number; tokensValidFrom?: number }[] {
    return [...this.byUserPart].map(([userPart, { createdAt, tokensValidFrom }]) => ({
      id: this.idPrefix + userPart,
      createdAt,
      ...(tokensValidFrom === undefined ? {} : { tokensValidFrom }),
    }));
  }

  /** Every user as it is, oldest first. */
  *states(): Generator<UserState> {
    for (const [userPart, { createdAt, ...revocations }] of this.byUserPart) yield { userPart, createdAt, revocations };
  }

  /** Restores a user as it was, without calling the listener. */
  restore({ userPart, createdAt, revocations }: UserState): void {
    this.keep(userPart, { createdAt, ...revocations });
  }

  /** Repeats an earlier change, without calling the listener again. */
  repeat(change: Change): void {
    const { userPart } = change;
    if (change.kind === 'created') this.keep(userPart, { createdAt: change.createdAt });
    else if (change.kind === 'deleted') this.byUserPart.delete(userPart);
    else {
      const user = this.byUserPart.get(userPart);
      if (user !== undefined) revoke(user, change.at, change.delayMs);
    }
  }

  private keep(userPart: string, user: User): void {
    this.byUserPart.set(userPart, user);
    if (this.byUserPart.size <= this.capacity) return;
    for (const oldest of this.byUserPart.keys()) {
      this.byUserPart.delete(oldest);
      break;
    }
  }
}
