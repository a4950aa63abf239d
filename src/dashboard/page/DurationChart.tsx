import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useApp } from './app';
import { chartData } from './chartData';
import { alignedData, CHART_HEIGHT, chartOptions } from './chartOptions';
import { countText, durationText } from './format';
import type { Run, Statistics } from './types';

/** How long the runs of a window took, and when some failed. */
export function DurationChart({ statistics, newest = [] }: { statistics?: Statistics; newest?: readonly Run[] }) {
  const { zone, now } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [hovered, setHovered] = useState<number | null>(null);
  const data = statistics && chartData(statistics, newest, zone, now);
  const key =
    statistics && `${statistics.window} ${statistics.until} ${statistics.ended} ${data?.unit} ${zone} ${theme}`;

  useEffect(() => {
    const place = box.current;
    if (place === null || data === undefined) return undefined;
    const chart = new uPlot(chartOptions(data, zone, place, setHovered), alignedData(data), place);
    const resized = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: CHART_HEIGHT }));
    resized.observe(place);
    return () => {
      resized.disconnect();
      chart.destroy();
      setHovered(null);
    };
  }, [key]);

  const point = hovered === null ? undefined : data?.points[hovered];
  const { p50, p95 } = point ?? statistics?.durationMs ?? {};
  const failed = statistics === undefined ? 0 : statistics.counts.Failed + statistics.counts.TimedOut;
  const isEmpty = statistics !== undefined && data === undefined;
  return (
    <div class="durations">
      <p class="legend">
        <b>{point?.title ?? 'Duration of runs'}</b>
        <span class="swatch p50">{`${point && data?.unit === 'run' ? 'took' : 'median'} ${durationText(p50)}`}</span>
        <span class="swatch p95">95th percentile {durationText(p95)}</span>
        <span class="swatch failed">{countText(point?.failed ?? failed, 'failed run')}</span>
      </p>
      {isEmpty && <p class="chart none">No run has ended in this time.</p>}
      <div
        ref={box}
        class="chart"
        hidden={isEmpty}
        role="img"
        aria-label={
          statistics === undefined
            ? 'Loading the durations'
            : `Durations by ${data?.unit ?? statistics.unit}: median ${durationText(statistics.durationMs?.p50)}, 95th percentile ${durationText(statistics.durationMs?.p95)}, ${countText(failed, 'failed run')}.`
        }
      />
    </div>
  );
}

/** Changes when the colours do. */
function useTheme(): string {
  const [theme, setTheme] = useState('');
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const look = () => setTheme(dark.matches ? 'dark' : 'light');
    look();
    dark.addEventListener('change', look);
    return () => dark.removeEventListener('change', look);
  }, []);
  return theme;
}
