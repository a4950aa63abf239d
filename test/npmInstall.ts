import { execFileSync } from 'node:child_process';

/** Runs npm in a folder. */
export function npm(args: string[], cwd: string): void {
  const isWindows = process.platform === 'win32';
  execFileSync(isWindows ? 'npm.cmd' : 'npm', args, { cwd, encoding: 'utf8', stdio: 'pipe', shell: isWindows });
}

/** Installs packages in a folder. @returns why the registry can't be reached, if that is so. @throws for any other failure */
export function installFromRegistry(packages: string[], directory: string): string | undefined {
  const quick = ['--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=20000'];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    npm(['install', ...quiet, ...quick, ...packages], directory);
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const reason =
      /E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|40[13]|5\d\d)\b|ERR_SOCKET_TIMEOUT/;
    const [code] = reason.exec(stderr) ?? [];
    if (code === undefined) throw error;
    return code;
  }
}
