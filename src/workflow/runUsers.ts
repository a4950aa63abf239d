import { setImmediate as nextTurn } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { type CreatedUser, STRAY_USER_TARGET, USER_MAY_EXIST_DETAIL } from '../identity/identityActions';
import { isUserId } from '../identity/userId';
import type { Cleanup } from '../runs/run';

/** Where a run records the users that it makes. `add` settles within a limit of its own. */
export interface RunLedger {
  add(userId: string): Promise<void>;
  /** Called when `add` failed. */
  onFailure?(userId: string, error: unknown): void;
}

interface MadeUser {
  exists: boolean;
  isRecorded: boolean;
  /** The write that is on its way, or the last one. */
  recording: Promise<void>;
}

/**
 * The users of one run: those that ACS named, and whether it may have made one that it did not name. A ledger that can't be written stops nothing.
 */
export class RunUsers {
  private readonly users = new Map<string, MadeUser>();
  private readonly creations = new Set<Promise<unknown>>();
  private mayHaveUnnamed = false;

  /** `expected`: steps that make a user and have not ended. */
  constructor(
    private readonly ledger: RunLedger | undefined,
    private expected: number,
  ) {}

  /** Follows a request to create a user to its end, also when its step has ended by then. */
  creation(answer: Promise<CreatedUser>): void {
    const followed = answer
      .then(
        ({ identity }) => this.made(identity.id),
        (error: unknown) => {
          const details = isAppError(error) ? (error.details ?? []) : [];
          const named = details.find(({ target }) => target === STRAY_USER_TARGET);
          if (isUserId(named?.message)) this.made(named.message);
          else if (!isAppError(error) || details.some(({ code }) => code === USER_MAY_EXIST_DETAIL.code))
            this.mayHaveUnnamed = true;
        },
      )
      .finally(() => this.creations.delete(followed));
    this.creations.add(followed);
  }

  /** A step that makes a user has ended, or will not run. */
  creatingStepEnded(): void {
    this.expected -= 1;
  }

  deleted(userId: string): void {
    const user = this.users.get(userId);
    if (user) user.exists = false;
  }

  /** Ids of those that still exist. */
  left(): string[] {
    return [...this.users].filter(([, { exists }]) => exists).map(([userId]) => userId);
  }

  /** Ids of those that no longer exist and that the ledger may have: a write whose answer was lost may have been done. */
  toStrike(): string[] {
    if (this.ledger === undefined) return [];
    return [...this.users].filter(([, user]) => !user.exists).map(([userId]) => userId);
  }

  /** Resolves when no request to create a user is in flight. */
  async heard(): Promise<void> {
    await Promise.all(this.creations);
  }

  /** Nobody listens for answers any longer: a request that is still in flight may have made a user. */
  stopListening(): void {
    if (this.creations.size > 0) this.mayHaveUnnamed = true;
  }

  /** What is known now about the users of the run. */
  state(): { cleanup: Cleanup; usersLeftBehind?: string[] } {
    const usersLeftBehind = this.left();
    if (usersLeftBehind.length > 0) return { cleanup: 'Pending', usersLeftBehind };
    if (this.mayHaveUnnamed || this.creations.size > 0 || this.expected > 0) return { cleanup: 'Unknown' };
    return { cleanup: this.users.size > 0 ? 'Clean' : 'NotNeeded' };
  }

  /** Writes once more those that still exist and whose writing failed. Resolves when all that is being written is, or could not be. */
  async recorded(): Promise<void> {
    await this.settled();
    const unrecorded = [...this.users].filter(([, user]) => user.exists && !user.isRecorded);
    await Promise.all(unrecorded.map(([userId, user]) => (user.recording = this.record(userId, user))));
  }

  /** Resolves when all that is being written is, or could not be. */
  async settled(): Promise<void> {
    await Promise.all([...this.users.values()].map(({ recording }) => recording));
  }

  private made(userId: string): void {
    if (this.users.has(userId)) return;
    const user: MadeUser = { exists: true, isRecorded: false, recording: Promise.resolve() };
    this.users.set(userId, user);
    user.recording = this.record(userId, user);
  }

  private async record(userId: string, user: MadeUser): Promise<void> {
    // after the request of the next step, which takes longer
    await nextTurn();
    try {
      await this.ledger?.add(userId);
      user.isRecorded = this.ledger !== undefined;
    } catch (error) {
      this.ledger?.onFailure?.(userId, error);
    }
  }
}
