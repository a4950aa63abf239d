import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The scripts where the `main` of a package.json begins: all in `dist`, or those next to the package.json. */
export function scriptsOf(appDirectory: string, main: string): string[] {
  const directory = join(appDirectory, /^(?:\.?\/)?([^/*{]+)\//.exec(main)?.[1] ?? '');
  try {
    const names = readdirSync(directory, { recursive: directory !== join(appDirectory), encoding: 'utf8' });
    return names.filter((name) => /\.[cm]?js$/.test(name)).map((name) => join(directory, name));
  } catch {
    return []; // it is not there, or not for now
  }
}

/** Calls `changed` when files have changed and then not again for 300 ms. It polls, as systems' own notices differ too much. */
export function watchFiles(list: () => string[], changed: () => void): NodeJS.Timeout {
  const stateOf = (file: string): string => `${file} ${statSync(file, { throwIfNoEntry: false })?.mtimeMs}`;
  let [reported, last] = [list().map(stateOf).join(), ''];
  return setInterval(() => {
    const now = list().map(stateOf).join();
    if (now === last && now !== reported) changed();
    if (now === last) reported = now;
    last = now;
  }, 300).unref();
}
