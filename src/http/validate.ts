import type { HttpRequest } from '@azure/functions';
import * as v from 'valibot';
import { AppError, errorOfDetails, MAX_DETAILS, type ErrorDetail } from '../base/errors';
import { safeText } from '../base/redact';

/** The input schemas of a function: of its route parameters, query values and JSON body. */
export interface InputSpec {
  params?: v.GenericSchema<unknown, object>;
  /** Other query names are refused, except {@link FOREIGN_QUERY_NAMES}. If `undefined`, the function has no query values. */
  query?: v.GenericSchema<unknown, object>;
  /** Unknown query names are ignored. Used for pages and health probes, whose URLs are written by other tools. */
  ignoresQuery?: boolean;
  body?: v.GenericSchema<unknown, object>;
  /** A missing body counts as `{}`. */
  optionalBody?: boolean;
}

type OutputOf<T> = T extends v.GenericSchema ? v.InferOutput<T> : unknown;

/** The validated input: route parameters, query values and body fields in one object. */
export type InputOf<S extends InputSpec> = OutputOf<S['params']> & OutputOf<S['query']> & OutputOf<S['body']>;

/** Far more than any body needs: the largest ones have a Teams token. */
const MAX_BODY_BYTES = 64 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Query names, in lower case, that are ignored, because other tools add them: keys and versions (the platform, API Management, connectors), trace
 * context, and parameters of trackers and caches.
 */
const FOREIGN_QUERY_NAMES =
  /^(?:code|clientid|subscription-key|api-version|traceparent|tracestate|utm_[a-z_]{1,32}|[gd]clid|[gw]braid|fbclid|msclkid|wt\.mc_id|_)$/;

/**
 * Reads and validates the input of a request.
 * @throws AppError `InvalidRequest` (400) with one detail for each invalid field, `LengthRequired` (411), `RequestTooLarge` (413)
 */
export async function readInput<S extends InputSpec>(spec: S, request: HttpRequest): Promise<InputOf<S>> {
  const details: ErrorDetail[] = [];
  const input = {};
  if (spec.params) Object.assign(input, check(spec.params, request.params, details));
  if (spec.query) Object.assign(input, check(spec.query, queryOf(request, namesOf(spec.query)), details));
  if (spec.ignoresQuery !== true) checkQueryNames(request, spec.query ? namesOf(spec.query) : [], details);
  if (spec.body) {
    const body = await readBody(request, spec.optionalBody === true);
    Object.assign(input, checkBody(spec.body, body, details));
  }
  if (details.length > 0) throw invalid(details);
  return input as InputOf<S>;
}

/** The query values with these names, in any case: `?Connection=x` counts as `connection`. */
export function queryOf(request: HttpRequest, names: readonly string[]): Record<string, string> {
  const known = new Map(names.map((name) => [name.toLowerCase(), name]));
  const values: Record<string, string> = {};
  for (const [given, value] of request.query) {
    const name = known.get(given.toLowerCase());
    if (name !== undefined) values[name] = value;
  }
  return values;
}

/** Refuses unknown query names. Otherwise a misspelt `?conection=x` would silently use the default connection. */
function checkQueryNames(request: HttpRequest, names: readonly string[], details: ErrorDetail[]): void {
  const known = new Set(names.map((name) => name.toLowerCase()));
  const expected = names.length === 0 ? 'It takes none' : `Names are: ${names.join(', ')}`;
  for (const given of request.query.keys()) {
    if (details.length > MAX_DETAILS) return;
    if (known.has(given.toLowerCase()) || FOREIGN_QUERY_NAMES.test(given.toLowerCase())) continue;
    const target = targetName(given);
    details.push(invalidField(target, `${target} is not a query name of this function. ${expected}.`));
  }
}

const invalid = (details: readonly ErrorDetail[]) => errorOfDetails(400, 'InvalidRequest', details);

function invalidField(target: string, message: string): ErrorDetail {
  return { code: 'InvalidRequest', message, target };
}

function check(schema: v.GenericSchema<unknown, object>, value: unknown, details: ErrorDetail[]): object {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  for (const issue of result.issues) {
    const target = targetOf(issue.path);
    details.push(target === '' ? NO_OBJECT : invalidField(target, `${target} ${messageOf(issue)}`));
  }
  return {};
}

/**
 * Validates the body's fields with the schema. Unknown fields are found here, not by the schema: there may be thousands, of which only the first ones are
 * reported, and valibot ignores fields named `__proto__`, `prototype` or `constructor`.
 */
function checkBody(schema: v.GenericSchema<unknown, object>, value: unknown, details: ErrorDetail[]): object {
  // for the schemas an array is an object too
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    details.push(NO_OBJECT);
    return {};
  }
  const names = namesOf(schema);
  const given = Object.entries(value);
  const fields = Object.fromEntries(given.filter(([name]) => names.includes(name)));
  const output = check(schema, fields, details);
  for (const [name] of given) {
    if (details.length > MAX_DETAILS) break;
    if (names.includes(name)) continue;
    const target = targetName(name);
    details.push(invalidField(target, `${target} is not a field of this request. Fields are: ${names.join(', ')}.`));
  }
  return output;
}

const NO_OBJECT = invalidField('body', 'The body must be a JSON object.');

/** The names of an object schema's entries. */
function namesOf(schema: v.GenericSchema): string[] {
  return 'entries' in schema ? Object.keys(schema.entries as object) : [];
}

/** The message of our schema or, for a missing field, our own. Valibot's default messages are never used: they repeat the value. */
function messageOf(issue: v.BaseIssue<unknown>): string {
  return issue.kind === 'schema' && issue.type.includes('object') ? 'is required.' : issue.message;
}

function targetOf(path: v.IssuePathItem[] | undefined): string {
  let target = '';
  for (const { key } of path ?? []) {
    if (typeof key === 'number') target += `[${key}]`;
    else target += `${target === '' ? '' : '.'}${targetName(String(key))}`;
  }
  return target;
}

/** A caller's field name, made safe to show in an error message. */
const targetName = (name: string) => (name.trim() === '' ? '(no name)' : safeText(name, 64));

async function readBody(request: HttpRequest, optional: boolean): Promise<unknown> {
  const length = request.headers.get('content-length');
  const json = /\bjson\b/i.test(request.headers.get('content-type') ?? '');
  if (/\bchunked\b/i.test(request.headers.get('transfer-encoding') ?? '') || (length === null && json)) {
    throw new AppError(
      411,
      'LengthRequired',
      'The body has no Content-Length (it is chunked), and the platform drops such bodies. Send it with a Content-Length: in .NET, await content.LoadIntoBufferAsync() before sending.',
    );
  }
  if (Number(length ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await bytesOf(request);
  if (bytes.byteLength === 0) {
    if (optional) return {};
    throw invalid([invalidField('body', 'The body is missing. Send a JSON object.')]);
  }
  try {
    return JSON.parse(UTF8.decode(bytes)) as unknown;
  } catch {
    // no `cause`: the parser's message repeats the body, which may contain a token
    throw invalid([invalidField('body', 'The body is not JSON. Send a JSON object in UTF-8.')]);
  }
}

/** The bytes of the body; empty if there is no body. Measured: reading the stream takes a third of the time of arrayBuffer(). */
async function bytesOf(request: HttpRequest): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    const part = next.value as Uint8Array;
    length += part.byteLength;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

const tooLarge = () => new AppError(413, 'RequestTooLarge', `The body is larger than ${MAX_BODY_BYTES / 1024} KiB.`);
