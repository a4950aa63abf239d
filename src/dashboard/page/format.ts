export type Zone = 'local' | 'UTC';

const zoneOf = (zone: Zone) => (zone === 'UTC' ? { timeZone: 'UTC' } : {});

/** A time (RFC 3339) for people, to the second. */
export function timeText(time: string, zone: Zone): string {
  const text = new Date(time).toLocaleString(undefined, {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
    ...zoneOf(zone),
  });
  return zone === 'UTC' ? `${text} UTC` : text;
}

/** The time of day if `time` is within a day of `now`, otherwise also the day. */
export function clockText(time: string, zone: Zone, now: number, withSeconds = false): string {
  const isNear = Math.abs(now - Date.parse(time)) < 20 * 3_600_000;
  const text = new Date(time).toLocaleString(undefined, {
    ...(isNear ? {} : { month: 'short', day: '2-digit' }),
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds ? { second: '2-digit' } : {}),
    hour12: false,
    ...zoneOf(zone),
  });
  return zone === 'UTC' ? `${text} UTC` : text;
}

/** The time zone that `local` is: `Europe/Berlin`. */
export const localZoneName = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const UNITS: [number, Intl.RelativeTimeFormatUnit][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];
const relative = new Intl.RelativeTimeFormat('en', { style: 'short' });

/** `5 min. ago`, `in 3 min.`, `just now`. */
export function agoText(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  const [length, unit] = UNITS.find(([unitMs]) => Math.abs(ms) >= unitMs - 500) ?? [1000, 'second'];
  if (unit === 'second') {
    if (ms > 5_000) return 'in less than a minute';
    if (ms > 0) return 'now';
    return ms > -10_000 ? 'just now' : `${Math.round(-ms / 1000)} s ago`;
  }
  return relative.format(Math.sign(ms) * Math.trunc((Math.abs(ms) + 500) / length), unit).replace('.', '');
}

/** The length of a time: `35 min`, `2 h 5 min`, `3 days`. */
export function spanText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60)
    return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1440)} days`;
}

/** Milliseconds for people: `87 ms`, `1.24 s`, `2 min 5 s`. */
export function durationText(ms: number | null | undefined): string {
  if (ms == null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** 0 to 1 as a percentage, which is 100 only when nothing failed. */
export function rateText(rate: number | null): string {
  if (rate === null) return '–';
  const percent =
    rate === 1 || rate === 0 ? String(rate * 100) : Math.min(99.9, Math.floor(rate * 1000) / 10).toFixed(1);
  return `${percent} %`;
}

export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** `Create_a_user` as people read it. */
export const stepTitle = (name: string): string => name.replaceAll('_', ' ');

/** The digits of a run's id that differ between neighbours. */
export const shortId = (id: string): string => id.replace(/CU\d\d$/, '').slice(-6);

export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
