import { Icon, type IconName } from './Icon';
import { stepTitle } from './format';
import type { Run, Status } from './types';

export const STATUS_ICONS: Record<Status, IconName> = {
  Running: 'loader',
  Succeeded: 'check',
  Failed: 'x',
  TimedOut: 'timer',
  Aborted: 'square',
  Skipped: 'skip',
};

export const isBad = (status: Status): boolean => status === 'Failed' || status === 'TimedOut';

/** A state by colour, icon and word. */
export function StatusPill({ status }: { status: Status }) {
  return (
    <span class={`pill ${status}`}>
      <Icon name={STATUS_ICONS[status]} size={14} /> {status === 'TimedOut' ? 'Timed out' : status}
    </span>
  );
}

/** A dot for each step of a run; which step failed is said next to them. */
export function StepDots({ run, stepNames }: { run: Run; stepNames: readonly string[] }) {
  const missing = run.status === 'Running' ? stepNames.slice(run.actions.length) : [];
  return (
    <span class="dots" aria-hidden="true">
      {run.actions.map(({ name, status }) => (
        <span key={name} class={`dot ${status}`} title={`${stepTitle(name)}: ${status}`} />
      ))}
      {missing.map((name, i) => (
        <span key={name} class={i === 0 ? 'dot Running' : 'dot Waiting'} title={stepTitle(name)} />
      ))}
    </span>
  );
}
