import { useApp } from './app';
import { reasonOf } from './describe';
import { countText, durationText, timeText } from './format';
import { runHash } from './router';
import { isBad } from './Status';
import type { Run } from './types';
import { STRIP } from './useRuns';

/** The newest runs, the last one on the right, each as high as it was long. The list below has the same runs for keyboards and screen readers. */
export function Heartbeats({ runs = [] }: { runs?: readonly Run[] | undefined }) {
  const { zone } = useApp();
  const shown = runs.slice(0, STRIP).toReversed();
  const failed = shown.filter(({ status }) => isBad(status)).length;
  const longest = Math.max(1, ...shown.map(({ durationMs = 0 }) => durationMs));
  return (
    <div class="heartbeats">
      <p class="unseen">{`The newest ${countText(shown.length, 'run')}: ${failed} failed.`}</p>
      <div class="strip" aria-hidden="true">
        {Array.from({ length: STRIP - shown.length }, (_, i) => (
          <span key={i} class="beat None" />
        ))}
        {shown.map((run) => (
          <a
            key={run.id}
            class={`beat ${run.status}${run.slow ? ' slow' : ''}`}
            href={runHash(run.id)}
            tabIndex={-1}
            title={titleOf(run, timeText(run.startTime, zone))}
          >
            <svg viewBox="0 0 4 32" preserveAspectRatio="none">
              <rect x="0" width="4" {...bar(run, longest)} rx="1" />
            </svg>
          </a>
        ))}
      </div>
      <p class="caption" aria-hidden="true">
        <span>{shown.length === 0 ? 'No runs yet' : `Newest ${countText(shown.length, 'run')}, height: duration`}</span>
        <span>now →</span>
      </p>
    </div>
  );
}

/** A third of the height is for being there, the rest for the duration. What failed is always full. */
function bar({ status, durationMs = 0 }: Run, longest: number): { y: number; height: number } {
  const height = status === 'Succeeded' ? 10 + (22 * durationMs) / longest : 32;
  return { y: 32 - height, height };
}

function titleOf(run: Run, time: string): string {
  const reason = run.status === 'Succeeded' ? undefined : reasonOf(run);
  const why = reason && `: ${reason.where ?? ''} ${reason.code}`;
  return `${time}: ${run.status}${why ?? ''}, ${durationText(run.durationMs)}`;
}
