// Writes the generated parts of the documents: each is between two comments, `<!-- generated: NAME -->` and `<!-- end -->`.
//   npm run docs                writes them
//   npm run docs -- --check     exit code 1 if one is not up to date
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { ADVICE } from '../cli/doctor/finding';
import { OPERATIONS_SETTINGS } from '../src/base/operationsSettings';
import { RUN_SETTINGS, STORAGE_SETTINGS } from '../src/base/runSettings';
import { ACTION_SETTINGS, CONNECTION_SETTINGS, type SettingMetadata } from '../src/base/settings';

/** Every setting by name, with its schema: settings of a connection and of the storage appear under the default names. */
export function everySetting(): Map<string, v.GenericSchema> {
  const named = (schema: { entries: v.ObjectEntries }, prefix = '') =>
    Object.entries(schema.entries).map(([name, entry]) => [prefix + name, entry] as const);
  return new Map([
    ...named(CONNECTION_SETTINGS, 'AcsIdentity'),
    ...named(ACTION_SETTINGS),
    ...named(RUN_SETTINGS),
    ...named(OPERATIONS_SETTINGS),
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

/** The generated parts by name, as Markdown. */
export const GENERATED: Record<string, () => string> = { settings: settingsTable, doctor: doctorTable };

/** The documents that have generated parts. */
export const DOCUMENTS = ['docs/settings.md', 'docs/troubleshooting.md'];

/** `markdown` with its generated parts as they must be. @throws Error if a part has a name that is not known */
export function withGeneratedParts(markdown: string): string {
  return markdown.replace(
    /(<!-- generated: (\w+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_all, begin: string, name: string, end: string) => {
      const part = GENERATED[name];
      if (part === undefined) throw new Error(`There is no generated part '${name}'.`);
      return `${begin}\n${part()}\n${end}`;
    },
  );
}

/** Writes the documents under `root` that have other parts than they must have, or only lists them. */
export async function updateDocuments(root: string, { write }: { write: boolean }): Promise<string[]> {
  const { format, resolveConfig } = await import('prettier');
  const changed: string[] = [];
  for (const name of DOCUMENTS) {
    const file = join(root, name);
    const before = readFileSync(file, 'utf8');
    const after = await format(withGeneratedParts(before), { ...(await resolveConfig(file)), parser: 'markdown' });
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
