import { execFileSync } from 'node:child_process';

/** Node.js 22, which runs the app in Azure, as the npm package `node`; undefined: it can't be had. */
export function node22(): string | undefined {
  if (process.versions.node.startsWith('22.')) return process.execPath;
  const isWindows = process.platform === 'win32';
  try {
    const args = ['-y', '-p', 'node@22', 'node', '-p', 'process.execPath'];
    return execFileSync(isWindows ? 'npx.cmd' : 'npx', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 120_000,
      shell: isWindows,
    }).trim();
  } catch {
    return undefined;
  }
}
