// Writes the generated parts of the documents: each is between two comments, `<!-- generated: NAME -->` and `<!-- end -->`.
//   npm run docs                writes them
//   npm run docs -- --check     exit code 1 if one is not up to date
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { ADVICE } from '../cli/doctor/finding';
import { CALLER_SETTINGS } from '../src/base/callerSettings';
import { OPERATIONS_SETTINGS } from '../src/base/operationsSettings';
import { RUN_SETTINGS, STORAGE_SETTINGS } from '../src/base/runSettings';
import { ACTION_SETTINGS, CONNECTION_SETTINGS, type SettingMetadata } from '../src/base/settings';
import { errorTable, functionTable, type Openapi } from './functionTables';

/** Every setting by name, with its schema: settings of a connection and of the storage appear under the default names. */
export function everySetting(): Map<string, v.GenericSchema> {
  const named = (schema: { entries: v.ObjectEntries }, prefix = '') =>
    Object.entries(schema.entries).map(([name, entry]) => [prefix + name, entry] as const);
  return new Map([
    ...named(CONNECTION_SETTINGS, 'AcsIdentity'),
    ...named(ACTION_SETTINGS),
    ...named(RUN_SETTINGS),
    ...named(OPERATIONS_SETTINGS),
    ...named(CALLER_SETTINGS),
    ...named(STORAGE_SETTINGS, 'AzureWebJobsStorage'),
  ]);
}

function settingsTable(): string {
  const rows = [...everySetting()].map(([name, schema]) => {
    const metadata = v.getMetadata(schema) as SettingMetadata;
    const ownDefault = 'default' in schema && typeof schema.default === 'string' ? `\`${schema.default}\`` : '';
    return `| \`${name}\` | ${metadata.default ?? ownDefault} | ${v.getDescription(schema) ?? ''} |`;
  });
  return ['| setting | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function doctorTable(): string {
  const rows = Object.entries(ADVICE).map(([code, advice]) => `| \`${code}\` | ${advice} |`);
  return ['| finding | what to do |', '| --- | --- |', ...rows].join('\n');
}

/** The documents that have generated parts. */
const DOCUMENTS = ['docs/settings.md', 'docs/troubleshooting.md', 'docs/http-api.md'];

/** The generated parts by name, as Markdown. */
async function generatedParts(root: string): Promise<Record<string, string>> {
  const { makeOpenapi } = (await import(pathToFileURL(join(root, 'local/openapi.mjs')).href)) as {
    makeOpenapi: () => Promise<Openapi>;
  };
  const openapi = await makeOpenapi();
  return {
    settings: settingsTable(),
    doctor: doctorTable(),
    functions: functionTable(openapi),
    errors: errorTable(openapi),
  };
}

/** `markdown` with its generated parts as they must be. @throws Error if a part has a name that is not known */
function withGeneratedParts(markdown: string, parts: Record<string, string>): string {
  return markdown.replace(
    /(<!-- generated: (\w+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_all, begin: string, name: string, end: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`There is no generated part '${name}'.`);
      return `${begin}\n${part}\n${end}`;
    },
  );
}

/** Writes the documents under `root` that have other parts than they must have, or only lists them. */
async function updateDocuments(root: string, { write }: { write: boolean }): Promise<string[]> {
  const { format, resolveConfig } = await import('prettier');
  const changed: string[] = [];
  const parts = await generatedParts(root);
  for (const name of DOCUMENTS) {
    const file = join(root, name);
    const before = readFileSync(file, 'utf8');
    const after = await format(withGeneratedParts(before, parts), {
      ...(await resolveConfig(file)),
      parser: 'markdown',
    });
    if (after === before) continue;
    changed.push(name);
    if (write) writeFileSync(file, after);
  }
  return changed;
}

async function runFromCommandLine(): Promise<void> {
  const write = !process.argv.includes('--check');
  for (const name of await updateDocuments(process.cwd(), { write })) {
    console.log(write ? `Updated ${name}.` : `${name} is not up to date. Run "npm run docs".`);
    if (!write) process.exitCode = 1;
  }
}

if (require.main === module) void runFromCommandLine();
