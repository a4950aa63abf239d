// What Azure Tables answers where Azurite never does.
import { randomUUID } from 'node:crypto';

const HEADERS = { 'x-ms-version': '2019-02-02', server: 'Windows-Azure-Table/1.0 Microsoft-HTTPAPI/2.0' };

/** Codes of https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes and common-rest-api-error-codes. */
const CODES: Record<number, string> = { 408: 'RequestTimeout', 500: 'OperationTimedOut', 503: 'ServerBusy' };

const errorBody = (status: number, index = '') =>
  JSON.stringify({
    'odata.error': {
      code: CODES[status] ?? 'InternalError',
      message: {
        lang: 'en-US',
        value: `${index}The request failed.\nRequestId:${randomUUID()}\nTime:2026-01-01T00:00:00Z`,
      },
    },
  });

/** An error of a single request. */
export const failure = (status: number) => ({
  status,
  headers: { ...HEADERS, 'x-ms-request-id': randomUUID(), 'content-type': 'application/json;odata=minimalmetadata' },
  body: errorBody(status),
});

/**
 * An error inside a transaction. The HTTP status is 202; the error is in the only part of the body, with the index of the change in its message:
 * https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions ("Sample error response"). The SDK reads it in
 * `@azure/data-tables/dist/commonjs/TableTransaction.js` (`parseTransactionResponse`), after its retry policy has seen the 202.
 */
export function failureInTransaction(status: number) {
  const [batch, changes] = [`batchresponse_${randomUUID()}`, `changesetresponse_${randomUUID()}`];
  const lines = [
    `--${batch}`,
    `Content-Type: multipart/mixed; boundary=${changes}`,
    '',
    `--${changes}`,
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    `HTTP/1.1 ${status} ${CODES[status] ?? 'Internal Server Error'}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-cache',
    'DataServiceVersion: 3.0;',
    'Content-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8',
    '',
    errorBody(status, '0:'),
    `--${changes}--`,
    `--${batch}--`,
    '',
  ];
  const headers = {
    ...HEADERS,
    'x-ms-request-id': randomUUID(),
    'content-type': `multipart/mixed; boundary=${batch}`,
  };
  return { status: 202, headers, body: lines.join('\r\n') };
}
