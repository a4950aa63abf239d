// Converts valibot schemas to those of OpenAPI 3.0.
import { toJsonSchema, toJsonSchemaDefs, type ConversionConfig, type JsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import * as peopleOutputs from '../auth/outputs';
import * as errorOutputs from '../http/outputs';
import { scope } from '../identity/inputs';
import * as identityOutputs from '../identity/outputs';
import * as runOutputs from '../runs/outputs';
import * as stateOutputs from '../runs/stateOutputs';
import * as statusOutputs from '../status/outputs';
import * as workflowOutputs from '../workflow/outputs';

const CONVERSION: ConversionConfig = {
  target: 'openapi-3.0',
  // Checks and transformations have no equivalent. Where they matter to a caller, a description says so.
  errorMode: 'ignore',
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  // JSON Schema has no flag `i`
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type !== 'regex') return undefined;
    const { flags, source } = (valibotAction as v.RegexAction<string, undefined>).requirement;
    return flags === 'i' ? { ...jsonSchema, pattern: source.replaceAll('[0-9a-f]', '[0-9a-fA-F]') } : undefined;
  },
};

/** Those of answers, and of values, that have a title are components with that name, and so types in generated clients. */
const TITLED = Object.fromEntries(
  Object.values({
    scope,
    ...errorOutputs,
    ...identityOutputs,
    ...peopleOutputs,
    ...runOutputs,
    ...stateOutputs,
    ...statusOutputs,
    ...workflowOutputs,
  } as Record<string, v.GenericSchema>).flatMap((schema) => {
    const title = v.getTitle(schema);
    return title === undefined ? [] : [[title, schema] as const];
  }),
);

export interface Schemas {
  /** `components.schemas` of the document. */
  components: Record<string, unknown>;
  /** The converted schema, or the reference to it if it is a component. */
  convert: (schema: v.GenericSchema) => JsonSchema;
}

/** @param requests - the schemas of bodies of requests, which are components with these names */
export function convertSchemas(requests: Record<string, v.GenericSchema>): Schemas {
  const definitions = { ...TITLED, ...requests };
  const components = toJsonSchemaDefs(definitions, CONVERSION) as Record<string, JsonSchema>;
  const convert = (schema: v.GenericSchema) => {
    const name = Object.keys(definitions).find((key) => definitions[key] === schema);
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
    const { $defs, $schema, ...converted } = toJsonSchema(schema, { ...CONVERSION, definitions });
    void [$defs, $schema];
    return converted;
  };
  for (const name of Object.keys(TITLED)) components[name] = openObject(components[name] ?? {});
  return { components, convert };
}

/** Answers may get more fields later, so the document does not say that there are no others. The tests do: see test/app/documentedAnswers.ts. */
const openObject = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (_name, value: { additionalProperties?: unknown } | null) => {
    if (value?.additionalProperties === false) delete value.additionalProperties;
    return value;
  }) as JsonSchema;
