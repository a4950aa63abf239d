export type Zone = 'local' | 'UTC';

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
    ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}),
  });
  return zone === 'UTC' ? `${text} UTC` : text;
}

/** Milliseconds for people: `87 ms`, `1.24 s`, `2 min 5 s`. */
export function durationText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** 0 to 1 as a percentage, which is 100 only when nothing failed. */
export function rateText(rate: number | null): string {
  if (rate === null) return '–';
  const percent = rate === 1 ? '100' : Math.min(99.9, Math.floor(rate * 1000) / 10).toFixed(1);
  return `${percent} %`;
}

/** `Create_a_user` as people read it. */
export const stepTitle = (name: string): string => name.replaceAll('_', ' ');

export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);
