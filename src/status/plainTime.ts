/** `2026-01-31 12:05 UTC` for an RFC 3339 time in UTC. */
export const plainTime = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

/** `3 min`, `1 h 30 min`, `2 d 5 h`. */
export function plainDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
