// What GitHub's own parser says of workflow files: `node checkWorkflows.mjs FILE...` prints a JSON array of faults. It is a program of its
// own, as the parser imports JSON the way that only bundlers take.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const outfile = resolve(root, '.local/workflowParser/parser.cjs');
await build({
  absWorkingDir: root,
  stdin: { contents: "export * from '@actions/workflow-parser';", resolveDir: root },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile,
  logLevel: 'error',
});
const { NoOperationTraceWriter, parseWorkflow } = createRequire(import.meta.url)(outfile);
const faults = process.argv.slice(2).flatMap((name) => {
  const content = readFileSync(name, 'utf8');
  const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
});
process.stdout.write(JSON.stringify(faults));
