import type { Scope } from '../identity/identityActions';
import type { RunLog } from './runLog';
import type { Action, Trigger } from './runRecord';

/** What a run may be asked for; what is absent comes from the settings. */
export interface RunWish {
  createTokenWithScopes?: readonly Scope[] | undefined;
  scopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
  connection?: string | undefined;
  clientTrackingId?: string | undefined;
  /** The trace that asks for the run. */
  traceparent?: string | undefined;
  trigger: Trigger;
  onAction?: (action: Action) => void;
  /** Takes warnings about the run: of its ledger, its record and its report. */
  log?: Pick<RunLog, 'info' | 'warn'>;
}
