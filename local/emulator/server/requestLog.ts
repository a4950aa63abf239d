import type { OperationName } from '../operations/operationNames';

/** A call to the service's API, for tests to look at. Holds no credentials and no bodies. */
export interface RecordedRequest {
  method: string;
  /** Path and query as sent; of the query only the values of api-version. */
  path: string;
  /** None for a path or method that no operation has. */
  operation?: OperationName;
  /** None while the answer is not given, and when the connection was reset. */
  status?: number;
  clientRequestId?: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  at: number;
  userAgent?: string;
  /** The trace that the client sent. */
  traceparent?: string;
}

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
