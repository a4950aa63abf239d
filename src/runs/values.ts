// The values that fields of runs and statistics may have.

/** `Running`, or how a run ended. `Aborted`: its process was stopped or died before the run ended by itself. */
export const RUN_STATUSES = ['Running', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'] as const;

/** How a step ended. */
export const ACTION_STATUSES = ['Succeeded', 'Failed', 'Skipped', 'TimedOut', 'Aborted'] as const;

/** The time windows of statistics, up to now. */
export const STATISTICS_WINDOWS = ['24h', '7d', '30d'] as const;

/** The states of a connection. `Unknown`: no scheduled run has ended yet. `Off` is not stored: it is shown while the schedule is off. */
export const CONNECTION_STATES = ['Unknown', 'Healthy', 'Slow', 'Failing', 'Overdue'] as const;
