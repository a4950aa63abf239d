// Makes the OpenAPI document. The build executes this file, the app does not load it.
import type { JsonSchema } from '@valibot/to-json-schema';
import { ANSWERED_CODES } from '../base/errors';
import type { DescribedHandler, RoutedHandler } from '../http/handle';
import { errorBody } from '../http/outputs';
import type { InputSpec } from '../http/validate';
import { ERROR_REASONS } from './errorReasons';
import { ANSWER_HEADERS, MORE_ANSWER_HEADERS, REQUEST_HEADERS, type AnswerHeader } from './headers';
import type { Answer, AnsweredCode, Operation } from './operation';
import { OPERATIONS } from './operations';
import { convertSchemas, type Schemas } from './schemas';

/** A function as it registers itself with `@azure/functions-core`. */
export interface Registration {
  name: string;
  binding: { type: string; methods?: string[]; route?: string; authLevel?: string };
  handler: Partial<DescribedHandler & RoutedHandler>;
}

/** One method and path of a function. */
interface Route {
  name: string;
  method: string;
  path: string;
  isAnonymous: boolean;
  spec: InputSpec;
  operation: Operation;
}

type Json = Record<string, unknown>;

const DESCRIPTION = `The identity actions of Azure Communication Services (ACS) as Azure Functions, and the runs of the workflow that tests them.

The platform itself answers 401 (missing or wrong function key), 404 (wrong path or method, or the function is disabled) and 503 (the host is down), without a body. A path of \`runs\` that does not exist for a method is 404 \`NotFound\`.

Later versions may add fields to answers: ignore those that you do not know.`;

/**
 * The OpenAPI document of the registered functions: routes, methods and access levels are those of the registrations, requests those of their handlers,
 * error statuses those of `ANSWERED_CODES`; `operations.ts` has the rest. Only schemas are components: API Management supports no others
 * (https://learn.microsoft.com/azure/api-management/api-management-api-import-restrictions).
 * @throws Error which names a function that has no schemas, or an operation that no function serves
 */
export function openapiDocument(registrations: readonly Registration[], version: string): Json {
  const order = Object.values(OPERATIONS);
  const routes = registrations
    .filter(({ binding }) => binding.type === 'httpTrigger')
    .flatMap(routesOf)
    .sort((a, b) => order.indexOf(a.operation) - order.indexOf(b.operation));
  const served = routes.map(({ method, path }) => `${method} ${path}`);
  const unserved = Object.keys(OPERATIONS).filter((key) => !served.includes(key));
  if (unserved.length > 0) {
    throw new Error(`src/openapi/operations.ts describes what no function serves: ${unserved.join(', ')}.`);
  }
  const bodies = routes.flatMap(({ spec, operation }) =>
    spec.body ? [[`${capitalized(operation.operationId)}Request`, spec.body] as const] : [],
  );
  const schemas = convertSchemas(Object.fromEntries(bodies));
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  return asOpenapi({
    openapi: '3.0.3',
    info: {
      title: 'ACS identity functions',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/api', description: 'This app' }],
    tags: [
      { name: 'Identity', description: 'Users and tokens' },
      { name: 'People', description: 'Signed-in people and their ACS users' },
      { name: 'Runs', description: 'Runs of the workflow' },
      { name: 'Status', description: 'Health, the page and this document' },
    ],
    security: [{ functionKey: [] }],
    paths,
    components: {
      securitySchemes: {
        functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        signedIn: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of the signed-in person for this app, with the scope `Token.Self`.',
        },
      },
      schemas: schemas.components,
    },
  });
}

function routesOf({ name, binding, handler }: Registration): Route[] {
  const base = `/${binding.route ?? name}`.replace(/\/\{\w+\?\}/g, '');
  const handlers: Record<string, DescribedHandler> =
    handler.routes ??
    Object.fromEntries((binding.methods ?? []).map((method) => [method, handler as DescribedHandler]));
  return Object.entries(handlers).map(([key, { spec }]) => {
    const [method = '', ...rest] = key.split(' ');
    const path = [base, ...rest].join('/');
    const operation = OPERATIONS[`${method} ${path}`];
    if ((spec as InputSpec | undefined) === undefined) {
      throw new Error(
        `Function '${name}' has no schemas of its requests. Make its handler with handle() or byRoute().`,
      );
    }
    if (operation === undefined) {
      throw new Error(
        `Function '${name}' has no schemas of its answers. Describe '${method} ${path}' in src/openapi/operations.ts.`,
      );
    }
    return { name, method, path, isAnonymous: binding.authLevel === 'anonymous', spec, operation };
  });
}

function operationOf({ name, spec, operation, isAnonymous }: Route, schemas: Schemas): Json {
  const { operationId, summary, description, tag } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    'x-azure-function': name,
    ...(isAnonymous ? { security: operation.isForSignedIn ? [{ signedIn: [] }] : [] } : {}),
    parameters: [
      ...(spec.params ? parametersOf('path', schemas.convert(spec.params)) : []),
      ...(spec.query ? parametersOf('query', schemas.convert(spec.query)) : []),
      ...Object.entries(REQUEST_HEADERS).map(([name, header]) => ({ name, in: 'header', ...header })),
    ],
    ...(spec.body && {
      requestBody: {
        required: spec.optionalBody !== true,
        content: { 'application/json': { schema: schemas.convert(spec.body) } },
      },
    }),
    responses: {
      ...responsesOf(operation, spec, schemas),
      ...(isAnonymous ? {} : { 401: { description: 'The function key is missing or wrong. There is no body.' } }),
    },
  };
}

function parametersOf(place: 'path' | 'query', { properties = {}, required = [] }: JsonSchema): Json[] {
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name),
    description,
    schema,
  }));
}

/** The responses of an operation by status. */
function responsesOf({ answers, errors = [] }: Operation, spec: InputSpec, schemas: Schemas): Json {
  const codes: AnsweredCode[] = ['InvalidRequest', ...errors, 'InternalError'];
  if (spec.body) codes.push('LengthRequired', 'RequestTooLarge');
  const statuses = new Set([...Object.keys(answers).map(Number), ...codes.map((code) => ANSWERED_CODES[code])]);
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      responseOf(
        answers[status],
        codes.filter((code) => ANSWERED_CODES[code] === status),
        schemas,
      ),
    ]),
  );
}

/** The response of one status: an answer, errors with these codes, or either. */
function responseOf(answer: Answer | undefined, codes: readonly AnsweredCode[], { convert }: Schemas): Json {
  const bodies = [...(answer?.body ? [answer.body] : []), ...(codes.length > 0 ? [errorBody] : [])].map(convert);
  const headers: AnswerHeader[] = [...(answer?.headers ?? [])];
  if (codes.some((code) => ANSWERED_CODES[code] === 429 || code === 'IssuerUnavailable')) headers.push('Retry-After');
  if (codes.some((code) => code === 'InvalidToken' || code === 'ScopeMissing')) headers.push('WWW-Authenticate');
  const headerCodes = [...(answer?.codes ?? []), ...codes];
  return {
    description: [
      ...(answer ? [`${capitalized(answer.description)}.`] : []),
      ...codes.map(
        (code) => `\`${code}\`: ${plainText(`${ERROR_REASONS[code].reason}. ${ERROR_REASONS[code].advice}.`)}`,
      ),
    ].join('\n\n'),
    headers: {
      ...ANSWER_HEADERS,
      ...Object.fromEntries(headers.map((name) => [name, MORE_ANSWER_HEADERS[name]])),
      ...(headerCodes.length > 0 && {
        'x-ms-error-code': {
          description: 'The error code.',
          required: answer === undefined || answer.codes !== undefined,
          schema: { type: 'string', enum: headerCodes },
        },
      }),
    },
    ...(bodies.length > 0 && {
      content: {
        [answer?.contentType ?? 'application/json']: { schema: bodies.length > 1 ? { anyOf: bodies } : bodies[0] },
      },
    }),
  };
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Without the links of the documents, which lead nowhere here. */
const plainText = (markdown: string) => markdown.replace(/\[([^\][]{1,80})\]\([^()]{1,80}\)/g, '$1');

/** A copy with what OpenAPI 3.0 has instead of JSON Schema: one `example` for `examples`, and no empty `required`. */
const asOpenapi = (document: object): Json =>
  JSON.parse(JSON.stringify(document), (_name, value: { examples?: unknown; required?: unknown } | null) => {
    if (Array.isArray(value?.examples)) {
      const { examples, ...rest } = value;
      return { ...rest, example: (examples as unknown[])[0] };
    }
    if (Array.isArray(value?.required) && value.required.length === 0) delete value.required;
    return value;
  }) as Json;
