import { useApp } from './app';
import { leftText, reasonOf } from './describe';
import { agoText, clockText, durationText, shortId, timeText } from './format';
import { Icon } from './Icon';
import { runHash } from './router';
import { StatusPill, StepDots } from './Status';
import type { Run } from './types';

const SKELETONS = 8;
const HOUR_MS = 3_600_000;

/** A run as a line; the whole line opens it. */
export function RunRow({ run }: { run: Run }) {
  const { zone, now, workflow } = useApp();
  const reason = run.status === 'Succeeded' ? undefined : reasonOf(run);
  const left = leftText(run);
  const isRecent = now - Date.parse(run.startTime) < HOUR_MS;
  return (
    <li>
      <a class={`row ${run.status}`} href={runHash(run.id)}>
        <span class="cell-status">
          <StatusPill status={run.status} />
        </span>
        <span class="cell-started">
          <time dateTime={run.startTime} title={timeText(run.startTime, zone)}>
            {isRecent ? agoText(run.startTime, now) : clockText(run.startTime, zone, now)}
          </time>
          {isRecent && <span class="clock">{clockText(run.startTime, zone, now)}</span>}
        </span>
        <span class="cell-steps">
          <StepDots run={run} stepNames={workflow?.steps.map(({ name }) => name) ?? []} />
        </span>
        <span class="cell-what">
          {reason !== undefined && (
            <span class="problem" title={reason.message}>
              {reason.where !== undefined && <strong>{reason.where}</strong>} <code>{reason.code}</code>{' '}
              <span class="message">{reason.message}</span>
            </span>
          )}
          {run.slow && <span class="mark warn">slow</span>}
          {left !== undefined && (
            <span class="mark bad">
              <Icon name="user" size={14} /> {left}
            </span>
          )}
          {run.recorded === false && <span class="mark warn">not recorded</span>}
        </span>
        <span class="cell-duration">{run.status === 'Running' ? '' : durationText(run.durationMs)}</span>
        <span class="cell-trigger">
          {run.trigger.kind === 'Timer' ? 'Schedule' : run.trigger.kind === 'Cli' ? 'Command' : 'Manual'}
        </span>
        <span class="cell-connection">{run.connection}</span>
        <span class="cell-run id" title={run.id}>
          <span class="unseen">Run </span>…{shortId(run.id)}
        </span>
      </a>
    </li>
  );
}

/** As high as rows, so that nothing moves when they come. */
export function RowSkeletons() {
  return (
    <div class="card rows" aria-busy="true">
      <p class="unseen">Loading runs…</p>
      <div class="row head" />
      {Array.from({ length: SKELETONS }, (_, i) => (
        <div key={i} class="row skeleton">
          <span class="bone" />
        </div>
      ))}
    </div>
  );
}
