import { MAX_DETAILS, type AppErrorOptions, type ErrorDetail } from '../base/errors';
import { FOREIGN_TEXT, foreignText } from './acsFailure';
import type { Attempt } from './identityTypes';

/** Longer answers are not read to the end; the functions' own answers have a few kilobytes. */
const MAX_BODY_BYTES = 1024 * 1024;
/** A function retries a call 3 times; a longer list does not come from it. */
const MAX_ATTEMPTS = 10;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** The JSON of an answer; `json` is `undefined` if the body is missing, malformed, or longer than 1 MiB (then the rest is not read). */
export async function readBody(response: Response): Promise<{ json: unknown; isEmpty: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    length += next.value.byteLength;
    if (length > MAX_BODY_BYTES) {
      await reader?.cancel().catch(() => undefined);
      return { json: undefined, isEmpty: false };
    }
    parts.push(next.value);
  }
  return { json: parse(Buffer.concat(parts).toString('utf8')), isEmpty: length === 0 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** The fields of an error body, each text cut and redacted; `undefined` if the body has no error code. */
export function errorFields(body: unknown): { code: string; message: string; more: AppErrorOptions } | undefined {
  const error = fieldsOf(fieldsOf(body).error);
  const code = foreignText(error.code);
  if (code === undefined) return undefined;
  const inner = fieldsOf(error.innererror);
  const [innerCode, msCv] = [foreignText(inner.code), foreignText(inner['ms-cv'])];
  return {
    code,
    message: foreignText(error.message, FOREIGN_TEXT.message) ?? code,
    more: {
      target: foreignText(error.target),
      details: Array.isArray(error.details) ? error.details.slice(0, MAX_DETAILS).map(detailOf) : undefined,
      innererror:
        innerCode === undefined && msCv === undefined
          ? undefined
          : {
              ...(innerCode === undefined ? {} : { code: innerCode }),
              ...(msCv === undefined ? {} : { 'ms-cv': msCv }),
            },
    },
  };
}

function detailOf(given: unknown): ErrorDetail {
  const detail = fieldsOf(given);
  const target = foreignText(detail.target);
  return {
    code: foreignText(detail.code) ?? '',
    message: foreignText(detail.message, FOREIGN_TEXT.message) ?? '',
    ...(target === undefined ? {} : { target }),
  };
}

/** The attempts that a function reports in `x-ms-retry-history`: only those that are well formed, with the known fields. */
export function attemptsOf(header: string | null): Attempt[] {
  const list = header === null ? undefined : parse(header);
  return Array.isArray(list) ? list.slice(0, MAX_ATTEMPTS).flatMap(attemptOf) : [];
}

function attemptOf(given: unknown): Attempt[] {
  const { startTime, endTime, ...rest } = fieldsOf(given);
  const [code, clientRequestId] = [foreignText(rest.code), foreignText(rest.clientRequestId)];
  if (!isTime(startTime) || !isTime(endTime) || code === undefined || clientRequestId === undefined) return [];
  const serviceRequestId = foreignText(rest.serviceRequestId);
  const error = fieldsOf(rest.error);
  const errorCode = foreignText(error.code);
  return [
    {
      startTime,
      endTime,
      code,
      clientRequestId,
      ...(serviceRequestId === undefined ? {} : { serviceRequestId }),
      ...(errorCode === undefined
        ? {}
        : { error: { code: errorCode, message: foreignText(error.message, FOREIGN_TEXT.message) ?? errorCode } }),
    },
  ];
}

const isTime = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 40 && TIME.test(value) && !Number.isNaN(Date.parse(value));
