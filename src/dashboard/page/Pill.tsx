import type { Status } from './types';

const SIGNS: Record<Status, string> = {
  Running: '◔',
  Succeeded: '✓',
  Failed: '✕',
  TimedOut: '⏱',
  Aborted: '■',
  Skipped: '↷',
};

/** A state, shown by colour, sign and word. */
export function Pill({ status }: { status: Status }) {
  return (
    <span class={`pill ${status}`}>
      <span aria-hidden="true">{SIGNS[status]}</span> {status}
    </span>
  );
}
