/** What the stand-in answers to one call, before the headers that every answer has. */
export interface Answer {
  status: number;
  /** Serialised; if `undefined`, there is no body and no content type. */
  body?: string;
  contentType?: string;
  headers?: Record<string, string>;
  /** Whether the answer has the header `api-supported-versions`: what comes from the controller does, what comes from before it does not. */
  reportsVersions: boolean;
  /** Whether a fault gave it, instead of the operation. */
  isFault?: boolean;
}

/** A success, with compact JSON, as recorded. */
export function jsonAnswer(status: 200 | 201, value: object): Answer {
  return {
    status,
    body: JSON.stringify(value),
    contentType: 'application/json; charset=utf-8',
    reportsVersions: true,
  };
}

export const NO_CONTENT: Answer = { status: 204, reportsVersions: true };
