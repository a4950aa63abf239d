import type { RecordedRequest } from '../api';

/** Keeps the last {@link RequestLog.CAPACITY} requests. */
export class RequestLog {
  static readonly CAPACITY = 1000;
  private kept: RecordedRequest[] = [];

  /** The record is filled in further by whoever serves the request. */
  add(request: RecordedRequest): RecordedRequest {
    // Dropping the old half now and then costs less than dropping one each time.
    if (this.kept.length >= 2 * RequestLog.CAPACITY) this.kept = this.kept.slice(-RequestLog.CAPACITY);
    this.kept.push(request);
    return request;
  }

  /** Newest last. */
  list(): RecordedRequest[] {
    return this.kept.slice(-RequestLog.CAPACITY).map((request) => ({ ...request }));
  }

  clear(): void {
    this.kept = [];
  }
}
