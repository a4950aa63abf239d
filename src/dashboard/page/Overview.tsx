import { durationText, rateText, timeText, type Zone } from './format';
import type { Bucket, Statistics, Window } from './types';

const WINDOWS: readonly Window[] = ['24h', '7d', '30d'];
const BAD = ['Failed', 'TimedOut', 'Aborted'];
const HEIGHT = 56;

const sum = (counts: Record<string, number>, names: readonly string[]) =>
  names.reduce((total, name) => total + (counts[name] ?? 0), 0);

/** How the runs of a window went, and when the next one is. */
export function Overview(props: {
  statistics: Statistics | undefined;
  window: Window;
  zone: Zone;
  onWindow: (window: Window) => void;
}) {
  const { statistics, window, zone, onWindow } = props;
  return (
    <section class="overview" aria-label="Statistics">
      <div class="windows" role="group" aria-label="Time">
        {WINDOWS.map((name) => (
          <button key={name} type="button" aria-pressed={name === window} onClick={() => onWindow(name)}>
            {name}
          </button>
        ))}
      </div>
      <dl>
        <Tile name="Success rate" value={rateText(statistics?.successRate ?? null)} />
        <Tile name="Runs" value={statistics ? String(statistics.ended) : '–'} />
        <Tile name="Duration, p50" value={durationText(statistics?.durationMs?.p50)} />
        <Tile name="Duration, p95" value={durationText(statistics?.durationMs?.p95)} />
        <Tile name="Next run" value={nextText(statistics, zone)} note={statistics?.schedule.reason} />
        {statistics !== undefined && statistics.usersLeftBehind > 0 && (
          <Tile
            name="Users left behind"
            value={`${statistics.usersLeftBehind}${statistics.usersLeftBehindIsExact === false ? '+' : ''}`}
            isBad
          />
        )}
        {statistics !== undefined && statistics.usersUnknown > 0 && (
          <Tile name="Users possibly left" value={String(statistics.usersUnknown)} isBad />
        )}
      </dl>
      {statistics !== undefined && <Chart buckets={statistics.buckets} unit={statistics.unit} zone={zone} />}
    </section>
  );
}

function Tile(props: { name: string; value: string; note?: string | null | undefined; isBad?: boolean }) {
  const { name, value, note = null, isBad = false } = props;
  return (
    <div class={isBad ? 'tile bad' : 'tile'}>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== null && <dd class="note">{note}</dd>}
    </div>
  );
}

function nextText(statistics: Statistics | undefined, zone: Zone): string {
  if (statistics === undefined) return '–';
  const { enabled, nextRun, expression } = statistics.schedule;
  if (!enabled) return 'Off';
  return nextRun === null ? (expression ?? '–') : timeText(nextRun, zone);
}

/** A bar an hour or a day: what succeeded below, what did not above it. */
function Chart({ buckets, unit, zone }: { buckets: readonly Bucket[]; unit: string; zone: Zone }) {
  const most = Math.max(1, ...buckets.map(({ counts }) => sum(counts, ['Succeeded', ...BAD])));
  const good = buckets.reduce((total, { counts }) => total + sum(counts, ['Succeeded']), 0);
  const bad = buckets.reduce((total, { counts }) => total + sum(counts, BAD), 0);
  const width = 100 / buckets.length;
  return (
    <svg
      class="chart"
      viewBox={`0 0 100 ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Runs by ${unit}: ${good} succeeded, ${bad} did not.`}
    >
      {buckets.map(({ start, counts }, i) => {
        const goodHeight = (sum(counts, ['Succeeded']) / most) * HEIGHT;
        const badHeight = (sum(counts, BAD) / most) * HEIGHT;
        const bar = { x: i * width + width * 0.12, width: width * 0.76 };
        return (
          <g key={start}>
            <title>{`${timeText(start, zone)}: ${sum(counts, ['Succeeded'])} succeeded, ${sum(counts, BAD)} did not`}</title>
            <rect class="ground" {...bar} y={0} height={HEIGHT} />
            <rect class="good" {...bar} y={HEIGHT - goodHeight} height={goodHeight} />
            <rect class="bad" {...bar} y={HEIGHT - goodHeight - badHeight} height={badHeight} />
          </g>
        );
      })}
    </svg>
  );
}
