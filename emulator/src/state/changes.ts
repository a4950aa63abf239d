import type { Revocations } from './revocations';

/** What happened to a user, as a data file keeps it. Times are milliseconds since the epoch. */
export type Change =
  | { kind: 'created'; userPart: string; createdAt: number }
  | { kind: 'revoked'; userPart: string; at: number; delayMs: number }
  | { kind: 'deleted'; userPart: string };

/** A user as it is: it replaces all changes that led there. */
export interface UserState {
  userPart: string;
  createdAt: number;
  revocations: Revocations;
}
