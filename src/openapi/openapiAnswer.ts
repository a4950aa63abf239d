import type { HttpResponseInit } from '@azure/functions';
import { createHash } from 'node:crypto';

/** Short, because an update of the app may change the document. */
const MAX_AGE_SECONDS = 300;

let document: Promise<{ text: string; etag: string }> | undefined;

/** The answer with the OpenAPI document; 304 if `ifNoneMatch` names the document that the caller would get. */
export async function openapiAnswer(ifNoneMatch: string | null): Promise<HttpResponseInit> {
  document ??= readDocument();
  const { text, etag } = await document;
  const headers = { ETag: etag, 'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}` };
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags.includes(etag) || tags.includes('*')) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body: text };
}

async function readDocument(): Promise<{ text: string; etag: string }> {
  const { text } = await import('./openapi.chunk');
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` };
}
