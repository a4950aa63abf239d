import type { ServerResponse } from 'node:http';

/** Sends an answer with the headers that the real host sends for it. */
export function sendResponse(
  response: ServerResponse,
  status: number,
  givenHeaders: Record<string, string> = {},
  body: Uint8Array | string = '',
): void {
  const headers: Record<string, string | number> = { ...givenHeaders };
  const mayHaveBody = status !== 204 && status !== 304;
  const hasBody = mayHaveBody && response.req.method !== 'HEAD';
  if (!mayHaveBody) {
    delete headers['content-type'];
    delete headers['content-length'];
  }
  delete headers['transfer-encoding'];
  // A length that the app has set may be wrong. Without a length the body is sent in chunks.
  if (hasBody && (body.length === 0 || 'content-length' in headers)) headers['content-length'] = body.length;
  response.writeHead(status, headers).end(hasBody ? body : undefined);
}
