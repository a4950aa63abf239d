/** The whole time of the run, in milliseconds since the epoch. */
export interface Span {
  from: number;
  to: number;
}

/** A step's part of the time of the run. */
export function Bar({ span, from, to, status }: { span: Span; from: number; to: number; status: string }) {
  const whole = span.to - span.from;
  const x = Math.min(99, Math.max(0, (100 * (from - span.from)) / whole));
  const width = Math.min(100 - x, Math.max(1, (100 * (to - from)) / whole));
  return (
    <svg class={`bar ${status}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="8" />
      <rect class="value" x={x} width={width} height="8" />
    </svg>
  );
}
