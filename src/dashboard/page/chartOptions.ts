import uPlot from 'uplot';
import type { ChartData } from './chartData';
import { clockText, durationText, type Zone } from './format';

export const CHART_HEIGHT = 190;
/** The bars of failed runs use so much of the height. */
const FAILED_PART = 0.35;

/** Hours and days have a place in time; single runs stand side by side. */
const placeOf = ({ unit }: ChartData, startMs: number, index: number) => (unit === 'run' ? index : startMs / 1000);

export function alignedData(data: ChartData): uPlot.AlignedData {
  const { points } = data;
  return [
    points.map(({ startMs }, i) => placeOf(data, startMs, i)),
    points.map(({ failed }) => failed || null),
    points.map(({ p50 }) => p50 && p50 / 1000),
    points.map(({ p95 }) => p95 && p95 / 1000),
  ];
}

/** `place`: the element that the chart is drawn in, whose style has the colours. */
export function chartOptions(
  data: ChartData,
  zone: Zone,
  place: HTMLElement,
  onHover: (index: number | null) => void,
): uPlot.Options {
  const { unit, points, sinceMs, untilMs } = data;
  const style = getComputedStyle(place);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: color('muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('border'), width: 1 },
    ticks: { show: false },
  };
  const line = (name: string, width: number, dash?: number[]): uPlot.Series => ({
    stroke: color(name),
    width,
    ...(dash ? { dash } : {}),
    spanGaps: true,
    points: { show: true, size: 5, fill: color(name) },
  });
  const most = Math.max(1, ...points.map(({ failed }) => failed));
  const secondsText = (seconds: number) =>
    seconds < 1 ? durationText(seconds * 1000) : `${Number(seconds.toFixed(2))} s`;
  return {
    width: place.clientWidth,
    height: CHART_HEIGHT,
    // days are those of UTC
    tzDate: (seconds) =>
      zone === 'UTC' || unit === 'day' ? uPlot.tzDate(new Date(seconds * 1e3), 'UTC') : new Date(seconds * 1e3),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x:
        unit === 'run'
          ? { time: false, range: [-0.5, points.length - 0.5] }
          : { range: [sinceMs / 1000, untilMs / 1000] },
      y: { range: (_, __, max) => [0, Math.max(0.1, max * 1.15)] },
      failed: { range: [0, most / FAILED_PART] },
    },
    axes: [
      { ...axis, space: 64, values: unit === 'run' ? runTimes(data, zone) : timeValues(unit) },
      { ...axis, size: 56, space: 36, values: (_, values) => values.map(secondsText) },
    ],
    series: [
      {},
      // below the lines
      {
        scale: 'failed',
        fill: color('bad-strong'),
        width: 0,
        paths: uPlot.paths.bars?.({ size: [0.5, 14, 3], align: unit === 'run' ? 0 : 1 }) as uPlot.Series.PathBuilder,
        points: { show: false },
      },
      line('accent', 2),
      line('muted', 1.5, [4, 4]),
    ],
    hooks: { setCursor: [(chart) => onHover(chart.cursor.idx ?? null)] },
  };
}

const timeValues = (unit: 'hour' | 'day'): uPlot.Axis.Values =>
  unit === 'day'
    ? [[86_400, '{D} {MMM}', null, null, null, null, null, null, 1]]
    : [[3_600, '{HH}:{mm}', null, null, null, null, null, null, 1]];

/** The times of runs that stand side by side. */
const runTimes =
  ({ points }: ChartData, zone: Zone): uPlot.Axis.Values =>
  (_, places) =>
    places.map((place) => {
      const point = points[place];
      return point === undefined ? '' : clockText(new Date(point.startMs).toISOString(), zone, point.startMs);
    });
