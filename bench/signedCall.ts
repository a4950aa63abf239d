import { createHash, createHmac } from 'node:crypto';

/** The headers of a call that an access key signs. */
export function signedHeaders(
  method: string,
  target: string,
  host: string,
  body: string,
  accessKey: string,
): Record<string, string | number> {
  const date = new Date().toUTCString();
  const hash = createHash('sha256').update(body).digest('base64');
  const signature = createHmac('sha256', Buffer.from(accessKey, 'base64'))
    .update(`${method}\n${target}\n${date};${host};${hash}`)
    .digest('base64');
  return {
    Host: host,
    'x-ms-date': date,
    'x-ms-content-sha256': hash,
    'Content-Length': Buffer.byteLength(body),
    Authorization: `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
  };
}
