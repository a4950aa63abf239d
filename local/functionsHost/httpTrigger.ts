import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AppFunction } from './functionTable';

const BODY_LIMIT_BYTES = 104_857_600;

export interface RoutedFunction {
  entry: AppFunction;
  /** The parameters of its route that are in the path. */
  parameters: Record<string, string>;
}

/** The first function whose method and route match. @param path decoded */
export function findFunction(functions: AppFunction[], method: string, path: string): RoutedFunction | undefined {
  for (const entry of functions) {
    const takesMethod = entry.methods?.length === 0 || entry.methods?.includes(method);
    const parameters = takesMethod ? entry.match?.(path) : undefined;
    if (parameters) return { entry, parameters };
  }
  return undefined;
}

// The host reads a body by its length: without one, as in a chunked request, the body is never read.
const bodyLengthOf = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0);

export function isBodyTooLarge(request: IncomingMessage): boolean {
  return bodyLengthOf(request) > BODY_LIMIT_BYTES;
}

/** The trigger's data for a request, in the form of the worker protocol. */
export async function readTriggerInput(request: IncomingMessage, parameters: Record<string, string>): Promise<object> {
  const { method, url = '/', headers, headersDistinct } = request;
  const http = {
    method,
    url: `http://${headers.host ?? 'localhost'}${url}`,
    nullableQuery: wrapValues(queryOf(url)),
    nullableHeaders: wrapValues(Object.entries(headersDistinct)),
    nullableParams: wrapValues(Object.entries(parameters)),
  };
  if (bodyLengthOf(request) === 0) return { http };
  return { http: { ...http, body: { bytes: await buffer(request) } } };
}

/** Names that differ in case only are one, spelled like the first. */
function queryOf(url: string): [string, string[]][] {
  const query = new Map<string, [string, string[]]>();
  for (const [name, value] of new URL(url, 'http://host').searchParams) {
    const [firstName, values] = query.get(name.toLowerCase()) ?? [name, []];
    query.set(name.toLowerCase(), [firstName, [...values, value]]);
  }
  return [...query.values()];
}

/** Several values of one name are joined with commas. */
function wrapValues(entries: [string, unknown][]): Record<string, { value: string }> {
  return Object.fromEntries(entries.map(([name, value]) => [name, { value: String(value) }]));
}
