import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const text = (file: string) => readFileSync(join(resolve(__dirname, '..'), file), 'utf8');
const SETTINGS = text('src/base/settings.ts') + text('src/base/workflowSettings.ts');

/** Every setting that the app reads, as its source names them. */
export function settingNames(): string[] {
  const names = [...SETTINGS.matchAll(/\bread(?:Secret)?\(\s*(['`])([^'`]+)\1/g)].map(([, , name = '']) =>
    name.replace('${name}', 'AcsIdentity').replace('${setting}', 'AzureWebJobsStorage'),
  );
  names.push(...[...SETTINGS.matchAll(/\bwholeNumber\('(\w+)'/g)].map(([, name = '']) => name));
  names.push(...[...text('src/functions/scheduledRun.ts').matchAll(/%(\w+)%/g)].map(([, name = '']) => name));
  return [...new Set(names)];
}
