import { setImmediate as nextTurn } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { type CreatedUser, STRAY_USER_TARGET, USER_MAY_EXIST_DETAIL } from '../identity/identityTypes';
import { isUserId } from '../identity/identityTypes';
import type { Cleanup } from '../runs/run';

/** The ledger of one run: records the users that it creates. `add` has its own timeout. */
export interface RunLedger {
  add(userId: string): Promise<void>;
  /** Called if `add` fails. */
  onFailure?(userId: string, error: unknown): void;
}

interface KnownUser {
  exists: boolean;
  isRecorded: boolean;
  /** The write to the ledger that is in flight, or the last one. */
  recording: Promise<void>;
}

/**
 * The users of one run: those whose ids were received, and whether ACS may have created one whose id was not received. A failed write to the ledger does not
 * stop the run.
 */
export class RunUsers {
  private readonly users = new Map<string, KnownUser>();
  private readonly creations = new Set<Promise<unknown>>();
  private mayHaveUnnamed = false;

  /** `expected`: number of steps that create a user. */
  constructor(
    private readonly ledger: RunLedger | undefined,
    private expected: number,
  ) {}

  /** Waits for the answer to a createUser request, even if its step ends before. */
  trackCreation(answer: Promise<CreatedUser>): void {
    const followed = answer
      .then(
        ({ identity }) => this.addUser(identity.id),
        (error: unknown) => {
          const details = isAppError(error) ? (error.details ?? []) : [];
          const named = details.find(({ target }) => target === STRAY_USER_TARGET);
          if (isUserId(named?.message)) this.addUser(named.message);
          else if (!isAppError(error) || details.some(({ code }) => code === USER_MAY_EXIST_DETAIL.code))
            this.mayHaveUnnamed = true;
        },
      )
      .finally(() => this.creations.delete(followed));
    this.creations.add(followed);
  }

  /** Call it when a step that creates a user has ended, or was skipped. */
  creatingStepEnded(): void {
    this.expected -= 1;
  }

  markDeleted(userId: string): void {
    const user = this.users.get(userId);
    if (user) user.exists = false;
  }

  /** Ids of the users that still exist. */
  left(): string[] {
    return [...this.users].filter(([, { exists }]) => exists).map(([userId]) => userId);
  }

  /** Ids of the users that no longer exist and may be in the ledger. A write that failed counts too: perhaps only its answer was lost. */
  deletedUsers(): string[] {
    if (this.ledger === undefined) return [];
    return [...this.users].filter(([, user]) => !user.exists).map(([userId]) => userId);
  }

  /** Resolves when no createUser request is in flight. */
  async creationsSettled(): Promise<void> {
    await Promise.all(this.creations);
  }

  /** Call it when the run waits no longer: a createUser request that is still in flight may have created a user. */
  stopListening(): void {
    if (this.creations.size > 0) this.mayHaveUnnamed = true;
  }

  /** The current state, for the record of the run. */
  state(): { cleanup: Cleanup; usersLeftBehind?: string[] } {
    const usersLeftBehind = this.left();
    if (usersLeftBehind.length > 0) return { cleanup: 'Pending', usersLeftBehind };
    if (this.mayHaveUnnamed || this.creations.size > 0 || this.expected > 0) return { cleanup: 'Unknown' };
    return { cleanup: this.users.size > 0 ? 'Clean' : 'NotNeeded' };
  }

  /** Writes users that still exist to the ledger again if that failed before. Resolves when no write is in flight. */
  async retryLedgerWrites(): Promise<void> {
    await this.ledgerWritesSettled();
    const unrecorded = [...this.users].filter(([, user]) => user.exists && !user.isRecorded);
    await Promise.all(unrecorded.map(([userId, user]) => (user.recording = this.record(userId, user))));
  }

  /** Resolves when no write to the ledger is in flight. */
  async ledgerWritesSettled(): Promise<void> {
    await Promise.all([...this.users.values()].map(({ recording }) => recording));
  }

  private addUser(userId: string): void {
    if (this.users.has(userId)) return;
    const user: KnownUser = { exists: true, isRecorded: false, recording: Promise.resolve() };
    this.users.set(userId, user);
    user.recording = this.record(userId, user);
  }

  private async record(userId: string, user: KnownUser): Promise<void> {
    // let the next step send its request first, because that takes longer
    await nextTurn();
    try {
      await this.ledger?.add(userId);
      user.isRecorded = this.ledger !== undefined;
    } catch (error) {
      this.ledger?.onFailure?.(userId, error);
    }
  }
}
