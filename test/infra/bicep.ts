// The Bicep CLI, where it is to be had: a NuGet package, restored through `dotnet` when that is on the machine.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
export const infraDirectory = join(root, 'infra');

const VERSION = '0.49.2';
const PLATFORMS: Record<string, string> = { linux: 'linux', darwin: 'osx', win32: 'win' };

/** What `snapshot` predicts: resources with their parameters filled in; expressions only where Azure has to be asked. */
export interface Resource {
  id: string;
  type: string;
  name: string;
  location?: string;
  kind?: string;
  scope?: string;
  tags?: Record<string, string>;
  identity?: { type: string };
  properties?: Record<string, unknown>;
}

export interface Bicep {
  /** Its exit code and all that it said. */
  run(args: string[], environment?: Record<string, string>): Promise<{ exitCode: number; said: string }>;
  /** The resources that a deployment with these parameters would make. */
  predict(environment: Record<string, string>): Promise<Resource[]>;
}

export const SUBSCRIPTION = '22222222-2222-2222-2222-222222222222';
const TENANT = '11111111-1111-1111-1111-111111111111';

/** Brings the CLI, once for all tests. Returns its file, or the reason why it can't be had here. */
export async function installBicep(): Promise<{ file: string } | { reason: string }> {
  const found = await restore();
  return typeof found === 'string' ? { reason: found } : found;
}

/** The CLI that the global setup found. */
export const bicep: Bicep = {
  run: (args, environment) => runBicep(process.env.BICEP_CLI ?? '', args, environment),
  predict: (environment) => predict(process.env.BICEP_CLI ?? '', environment),
};

/** Tests that need the CLI are skipped without it; the reason is printed by the global setup. */
export const testWithBicep = (...args: Parameters<typeof test>): void =>
  process.env.BICEP_CLI === undefined ? test.skip(...args) : test(...args);

async function restore(): Promise<{ file: string } | string> {
  const system = PLATFORMS[platform()];
  if (system === undefined || !['x64', 'arm64'].includes(arch())) return `there is none for ${platform()} ${arch()}`;
  const name = `Azure.Bicep.CommandLine.${system}-${arch()}`;
  const packages = join(root, '.local/bicep/packages');
  const directory = join(packages, name.toLowerCase(), VERSION);
  const file = join(directory, 'tools', system === 'win' ? 'bicep.exe' : 'bicep');
  // NuGet writes this file when all others are there
  const isComplete = () => existsSync(join(directory, '.nupkg.metadata')) && existsSync(file);
  if (!isComplete()) {
    const project = mkdtempSync(join(tmpdir(), 'acs-identity-bicep-'));
    writeFileSync(
      join(project, 'bicep.csproj'),
      `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework><DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences><RestorePackagesPath>${packages}</RestorePackagesPath></PropertyGroup>
  <ItemGroup><PackageDownload Include="${name}" Version="[${VERSION}]" /></ItemGroup>
</Project>\n`,
    );
    try {
      // NuGet itself sees to it that two of these at a time don't disturb each other
      await run('dotnet', ['restore', project], {
        timeout: 120_000,
        env: { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1' },
      });
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 'ENOENT') return 'dotnet is not on this machine';
      return `NuGet package ${name} ${VERSION} could not be restored`;
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
    if (!isComplete()) return `NuGet package ${name} ${VERSION} has no ${file}`;
  }
  return { file };
}

async function runBicep(
  file: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ exitCode: number; said: string }> {
  // variables of this machine would be taken for azd's
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'USERPROFILE'].includes(name)),
  );
  try {
    const { stdout, stderr } = await run(file, args, {
      env: { ...clean, ...environment },
      maxBuffer: 2 ** 25,
      timeout: 60_000,
    });
    return { exitCode: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, said: stdout + stderr };
  }
}

async function predict(file: string, environment: Record<string, string>): Promise<Resource[]> {
  // it writes beside the parameters
  const directory = mkdtempSync(join(tmpdir(), 'acs-identity-infra-'));
  try {
    cpSync(infraDirectory, directory, { recursive: true });
    // a prediction leaves out the values of secure parameters, and all that depends on them
    for (const name of readdirSync(directory).filter((file) => file.endsWith('.bicep'))) {
      const file = join(directory, name);
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^@secure\(\)\r?\n/gm, ''));
    }
    const { exitCode, said } = await runBicep(
      file,
      [
        ...['snapshot', join(directory, 'main.bicepparam'), '--mode', 'overwrite'],
        ...['--tenant-id', TENANT, '--subscription-id', SUBSCRIPTION, '--location', 'westeurope'],
      ],
      { AZURE_ENV_NAME: 'prod', AZURE_LOCATION: 'westeurope', ...environment },
    );
    // a warning counts as well
    if (exitCode !== 0 || said !== '') throw new Error(said);
    const { predictedResources } = JSON.parse(readFileSync(join(directory, 'main.snapshot.json'), 'utf8')) as {
      predictedResources: Resource[];
    };
    return predictedResources;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
