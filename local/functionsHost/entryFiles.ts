import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The wildcards that `main` of a package.json may have for Azure Functions, and the regular expressions that they mean. */
const WILDCARDS: Record<string, string> = { '**/': '(.*/)?', '*': '[^/]*', '{': '(', '}': ')', ',': '|' };

/** `main` of the app's package.json. @throws an error if there is no package.json, or if it is not JSON */
export function mainOf(appDirectory: string): string {
  const text = readFileSync(join(appDirectory, 'package.json'), 'utf8').replace(/^\uFEFF/, '');
  return (JSON.parse(text) as { main?: string }).main ?? '';
}

/** The scripts in the folder where `main` begins: all below `dist`, for example, or those next to the package.json. */
export function scriptsOf(appDirectory: string, main: string): string[] {
  const folder = /^(?:\.?\/)?([^/*{]+)\//.exec(main)?.[1];
  const directory = join(appDirectory, folder ?? '');
  try {
    // Not below the package.json itself: that would be node_modules, too.
    const names = readdirSync(directory, { recursive: directory !== join(appDirectory), encoding: 'utf8' });
    return names.filter((name) => /\.[cm]?js$/.test(name)).map((name) => join(directory, name));
  } catch {
    // A build may have removed the folder for a moment.
    return [];
  }
}

/** The files that `main` names, sorted. */
export function entryFilesOf(appDirectory: string, main: string): string[] {
  const escaped = main.replace(/^\.?\//, '').replace(/[.+^$()|[\]]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replace(/\*\*\/|[*{},]/g, (sign) => WILDCARDS[sign] ?? '')}$`);
  const isNamed = (file: string): boolean => pattern.test(relative(appDirectory, file).replaceAll('\\', '/'));
  return scriptsOf(appDirectory, main).filter(isNamed).sort();
}
