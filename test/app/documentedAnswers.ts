// Compares answers of the app with its OpenAPI document. The document allows fields that it does not name, so that later versions may have more; here they
// are errors, so that no field is forgotten in the document.
import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { resolve } from 'node:path';

/** What schemas of the document use of JSON Schema. */
export interface Schema {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  example?: unknown;
}
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}
export interface Operation {
  'x-azure-function': string;
  operationId: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
  security?: unknown[];
}
interface Response {
  headers?: Record<string, { required?: boolean; schema: Schema }>;
  content?: Record<string, { schema: Schema }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

// eslint-disable-next-line @typescript-eslint/no-require-imports -- a file of the build
const { text } = require(resolve(__dirname, '../../dist/openapi.chunk.js')) as { text: string };
export const document = JSON.parse(text) as Document;

/** Every operation with its method, in capitals, and its path, such as `/users/{userId}`. */
export const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

/** The schema itself, or the one that it refers to. */
export const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});

const ajv = addFormats(new Ajv({ strict: false, allErrors: true, coerceTypes: false }));
ajv.addSchema(closed(document), 'document');
const compiled = new Map<string, ValidateFunction>();

/** A copy in which objects have the fields that they name, and no others. */
function closed(value: object): object {
  return JSON.parse(JSON.stringify(value), (name, part: Schema | null) =>
    part?.type === 'object' && part.properties && part.additionalProperties === undefined && name !== 'properties'
      ? { ...part, additionalProperties: false }
      : part,
  ) as object;
}

/** Why `value` does not match the schema; undefined: it does. */
export function mismatch(schema: Schema, value: unknown): string | undefined {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? ajv.compile(withDocument(closed(schema)));
  compiled.set(key, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

const withDocument = (schema: object) =>
  JSON.parse(JSON.stringify(schema), (name, part: unknown) =>
    name === '$ref' && typeof part === 'string' ? `document${part}` : part,
  ) as object;

/** The operation that a request without its query addresses; undefined: none. */
export function operationOf(method: string, path: string) {
  const given = `/${path.replace(/[?#].*$/s, '').replace(/\/$/, '')}`.toLowerCase();
  const matches = operations.filter(
    (one) =>
      one.method === method.toUpperCase() &&
      new RegExp(
        `^${one.path
          .toLowerCase()
          .replaceAll('.', '\\.')
          .replace(/\{\w+\}/g, '[^/]+')}$`,
      ).test(given),
  );
  // `runs/latest` before `runs/{runId}`
  return matches.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

/** What the document does not say about this answer; undefined: it is as documented. `path` has no `/api/`. */
export function undocumented(
  method: string,
  path: string,
  { status, headers, text: body }: { status: number; headers: Headers; text: string },
): string | undefined {
  if (!headers.has('x-ms-request-id')) return ofPlatform(status, body);
  const found = operationOf(method, path);
  if (found === undefined) {
    // a path of `runs` that is not there, perhaps with a bad header
    const isRefusal = ['404 NotFound', '400 InvalidRequest'].includes(`${status} ${headers.get('x-ms-error-code')}`);
    return isRefusal
      ? mismatch({ $ref: '#/components/schemas/Error' }, JSON.parse(body))
      : `no operation for ${method} ${path}`;
  }
  const { operation } = found;
  const name = `${operation.operationId} ${status}`;
  const response = operation.responses[status];
  if (response === undefined) return `${name} ${headers.get('x-ms-error-code')} is not documented`;
  for (const [header, { required, schema }] of Object.entries(response.headers ?? {})) {
    const value = headers.get(header);
    if (value === null && required) return `${name} has no header ${header}`;
    const fault = value === null ? undefined : mismatch(schema, schema.type === 'integer' ? Number(value) : value);
    if (fault !== undefined) return `${name}, header ${header}: ${value}: ${fault}`;
  }
  const known = Object.keys(response.headers ?? {}).map((header) => header.toLowerCase());
  const other = [...headers.keys()].find((header) => header.startsWith('x-ms-') && !known.includes(header));
  if (other !== undefined) return `${name} has a header ${other}`;
  if (method === 'HEAD') return undefined;
  if (response.content === undefined) return body === '' ? undefined : `${name} has a body`;
  const [type = '', { schema = {} } = {}] = Object.entries(response.content)[0] ?? [];
  if (!headers.get('content-type')?.startsWith(type)) return `${name} is ${headers.get('content-type')}, not ${type}`;
  const value = type === 'application/json' ? (JSON.parse(body) as { error?: { code?: unknown } }) : body;
  // a run may have an error too
  const isError = typeof value !== 'string' && Object.keys(value).join() === 'error';
  if (isError && value.error?.code !== headers.get('x-ms-error-code')) return `${name}: the header has another code`;
  const fault = mismatch(schema, value);
  return fault === undefined ? undefined : `${name}: ${fault}`;
}

/** Answers of the platform have no body. */
const ofPlatform = (status: number, body: string) =>
  body === '' && [400, 401, 404, 500, 503].includes(status) ? undefined : `${status} without x-ms-request-id`;
