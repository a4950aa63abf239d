import { randomBytes } from 'node:crypto';

/** The position of a run in a distributed trace, by W3C Trace Context (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits: the parent span of the run's steps. */
  spanId: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)/;

/** Reads a `traceparent`; `undefined` if it is malformed. */
export function readTraceparent(text: string | null | undefined): TraceContext | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(text ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}

/** The trace that `traceparent` continues, or a new one. */
export function traceContextOf(traceparent: string | undefined): TraceContext {
  return readTraceparent(traceparent) ?? { traceId: randomBytes(16).toString('hex'), spanId: newSpanId() };
}

export const newSpanId = (): string => randomBytes(8).toString('hex');

/** The header that continues a trace. Its flag requests sampling: runs are few. */
export const traceparentOf = ({ traceId, spanId }: TraceContext): string => `00-${traceId}-${spanId}-01`;
