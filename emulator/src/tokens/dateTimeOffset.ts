import { randomInt } from 'node:crypto';

/**
 * A time as .NET writes a DateTimeOffset in JSON: up to seven digits of a second without trailing zeros, and `+00:00`, never `Z`.
 * @param extraTicks 0..9999, the 100 ns units that milliseconds lack
 */
export function dateTimeOffset(ms: number, extraTicks = randomInt(10_000)): string {
  const iso = new Date(ms).toISOString();
  const fraction = `${iso.slice(20, 23)}${String(extraTicks).padStart(4, '0')}`.replace(/0+$/, '');
  return `${iso.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}+00:00`;
}
