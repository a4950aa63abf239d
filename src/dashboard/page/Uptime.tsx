import { countText, rateText } from './format';
import type { Statistics, Window } from './types';

const WINDOWS: readonly [Window, string][] = [
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
];

/** The share of runs that succeeded, of three windows; the chosen one is that of the chart. */
export function Uptime(props: {
  figures: Partial<Record<Window, { value: Statistics }>>;
  window: Window;
  onWindow: (window: Window) => void;
}) {
  const { figures, window, onWindow } = props;
  return (
    <div class="uptime" role="group" aria-label="Succeeded runs, by time">
      {WINDOWS.map(([name, title]) => {
        const value = figures[name]?.value;
        const rate = value?.successRate ?? null;
        return (
          <button
            key={name}
            type="button"
            class={`tile ${toneOf(rate)}`}
            aria-pressed={name === window}
            onClick={() => onWindow(name)}
          >
            <span class="name">{title}</span> <span class="value">{rateText(rate)}</span>{' '}
            <span class="count">{value === undefined ? '…' : countsText(value)}</span>
          </button>
        );
      })}
    </div>
  );
}

const toneOf = (rate: number | null) =>
  rate === null ? 'quiet' : rate >= 0.995 ? 'good' : rate >= 0.95 ? 'warn' : 'bad';

function countsText({ ended, counts }: Statistics): string {
  const failed = counts.Failed + counts.TimedOut;
  const bad = [failed > 0 && `${failed} failed`, counts.Aborted > 0 && `${counts.Aborted} aborted`].filter(Boolean);
  return bad.length === 0 ? countText(ended, 'run') : `${bad.join(', ')} of ${ended}`;
}
