// The tables of the functions and of their errors, from the OpenAPI document and from what it is made of.

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}
interface Operation {
  'x-azure-function': string;
  parameters: { in?: string; name?: string }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>;
  security?: unknown[];
}
export interface Openapi {
  document: { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };
  /** By error code. */
  reasons: Record<string, { reason: string; advice: string }>;
  /** The HTTP status of each error code. */
  statuses: Record<string, number>;
}

/** Larger objects are described in words. */
const SHOWN_FIELDS = 3;

export function functionTable({ document }: Openapi): string {
  const { schemas } = document.components;
  const resolved = (schema: Schema) => (schema.$ref ? (schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema);
  const shape = (schema: Schema): string => {
    const { properties, required = [] } = resolved(schema);
    if (properties === undefined) return '';
    const fields = Object.entries(properties).map(([name, field]) => {
      const inner = shape(field);
      return `"${name}"${required.includes(name) ? '' : '?'}${inner === '' ? '' : `: ${inner}`}`;
    });
    return `{ ${fields.join(', ')} }`;
  };
  const bodyOf = (content: Record<string, { schema: Schema }> = {}) => content['application/json']?.schema ?? {};

  const request = ({ parameters, requestBody }: Operation) => {
    const names = parameters.filter((one) => one.in === 'query').map(({ name }) => `\`${name}\``);
    const body = requestBody && `${requestBody.required ? '' : 'optional '}\`${shape(bodyOf(requestBody.content))}\``;
    return [...(body ? [body] : []), ...(names.length > 0 ? [`query: ${names.join(', ')}`] : [])].join('; ');
  };
  const success = ({ responses }: Operation) =>
    Object.entries(responses)
      .filter(([status, { content }]) => status !== '401' && bodyOf(content).$ref !== '#/components/schemas/Error')
      .map(([status, { description = '', content }]) => {
        const [sentence = ''] = description.split('\n');
        const words = `${status} ${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`;
        const schema = bodyOf(content);
        const isSmall = Object.keys(resolved(schema).properties ?? {}).length <= SHOWN_FIELDS;
        return isSmall && shape(schema) !== '' ? `${words}: \`${shape(schema)}\`` : words;
      })
      .join('; ');

  let last = '';
  const rows = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
    .map(({ path, method, operation }) => {
      const name = operation['x-azure-function'];
      const isFirst = name !== last;
      last = name;
      const { security } = operation;
      const key = security === undefined ? '' : security.length === 0 ? ' (no key)' : ' (access token)';
      const route = `${method.toUpperCase()} \`${path.slice(1)}\`${key}`;
      return `| ${isFirst ? `\`${name}\`` : ''} | ${route} | ${request(operation)} | ${success(operation)} |`;
    });
  return ['| function | method and path | request | answer |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

export function errorTable({ reasons, statuses }: Openapi): string {
  const rows = new Map<string, string[]>();
  for (const [code, { reason, advice }] of Object.entries(reasons)) {
    const key = `${statuses[code]}|${reason}|${advice}`;
    rows.set(key, [...(rows.get(key) ?? []), `\`${code}\``]);
  }
  return [
    '| status, code | reason | what to do |',
    '| --- | --- | --- |',
    ...[...rows].map(([key, codes]) => {
      const [status, reason, advice] = key.split('|');
      return `| ${status} ${codes.join(', ')} | ${reason} | ${advice} |`;
    }),
  ].join('\n');
}
