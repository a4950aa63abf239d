// Makes the OpenAPI document: runs the app's function files with a stand-in for the Functions runtime, which records what they register.
//   node local/openapi.mjs            prints the document
//   node local/openapi.mjs --check    exit code 1 if the document is not valid OpenAPI
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const projectRoot = resolve(fileURLToPath(import.meta.url), '../..');

const entry = `
  import './src/main';
  export { openapiDocument } from './src/openapi/document';
  export { ERROR_REASONS } from './src/openapi/errorReasons';
  export { ANSWERED_CODES } from './src/base/errors';
`;

/**
 * Bundles and executes the function files.
 * @returns the document, why errors happen, the HTTP status of each error code, and the files that all this was made of
 * @throws Error with `errors` of esbuild, or one which names a function that is not described
 */
export async function makeOpenapi() {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: projectRoot,
    stdin: { contents: entry, resolveDir: projectRoot, loader: 'ts' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['@azure/functions-core', '*.chunk'],
    supported: { 'dynamic-import': false },
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const registrations = [];
  const runtime = {
    setProgrammingModel: () => undefined,
    registerHook: () => undefined,
    registerFunction({ name, bindings }, handler) {
      const trigger = Object.values(bindings).find(({ type }) => type.endsWith('Trigger'));
      registrations.push({ name, binding: trigger, handler });
    },
  };
  const require = createRequire(import.meta.url);
  const exported = runModule(outputFiles[0].text, (id) => (id === '@azure/functions-core' ? runtime : require(id)));
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  return {
    document: exported.openapiDocument(registrations, version),
    reasons: exported.ERROR_REASONS,
    statuses: exported.ANSWERED_CODES,
    files: Object.keys(metafile.inputs)
      .filter((file) => /^(src|package\.json)/.test(file))
      .map((file) => join(projectRoot, file)),
  };
}

function runModule(text, require) {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', '__filename', '__dirname', text)(
    module,
    module.exports,
    require,
    join(projectRoot, 'openapi.js'),
    projectRoot,
  );
  return module.exports;
}

/**
 * A plugin of the build: `openapi:document` is the text of the OpenAPI document, for a function that serves it. A function
 * that is not described fails the build; in a watch it is a warning, so that a new function can be tried, and the document
 * stays as it was.
 */
export const openapiDocumentIsText = {
  name: 'openapiDocumentIsText',
  setup(build) {
    let last;
    build.onResolve({ filter: /^openapi:document$/ }, ({ path }) => ({ path, namespace: 'openapi' }));
    build.onLoad({ filter: /.*/, namespace: 'openapi' }, async () => {
      try {
        const { document, files } = await makeOpenapi();
        last = `export const text = ${JSON.stringify(JSON.stringify(document))};`;
        return { contents: last, watchFiles: files };
      } catch (error) {
        const messages = error.errors ?? [{ text: error.message }];
        const watchFiles = [join(projectRoot, 'src/openapi/operations.ts')];
        return last === undefined
          ? { errors: messages, watchFiles }
          : { contents: last, warnings: messages, watchFiles };
      }
    });
  },
};

async function runFromCommandLine() {
  const { document } = await makeOpenapi();
  await esbuild.stop();
  if (!process.argv.includes('--check')) {
    console.log(JSON.stringify(document, undefined, 2));
    return;
  }
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  const { valid, errors } = await new Validator().validate(document);
  if (valid) return;
  console.error(`The OpenAPI document is not valid: ${JSON.stringify(errors, undefined, 2)}`);
  process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    await runFromCommandLine();
  } catch (error) {
    console.error(error.message);
    await esbuild.stop();
    process.exitCode = 1;
  }
}
