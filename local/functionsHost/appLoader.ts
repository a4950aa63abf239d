import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { endRegistration, getProgrammingModel, registeredFunctions } from './coreApi';
import { entryFilesOf } from './entryFiles';
import { appScope, hookContext, runHooks } from './hooks';
import type { FunctionMetadata, LoadedApp } from './ipc';

interface PackageJson {
  main?: string;
  type?: string;
}

/** Loads the files that `main` of the app's package.json names, and runs the appStart hooks. Never rejects. */
export async function loadApp(appDirectory: string): Promise<LoadedApp> {
  const packageFile = join(appDirectory, 'package.json');
  let currentStep = packageFile;
  let main = '';
  try {
    const packageJson = JSON.parse(readFileSync(packageFile, 'utf8').replace(/^\uFEFF/, '')) as PackageJson;
    main = packageJson.main ?? '';
    const files = entryFilesOf(appDirectory, main);
    if (files.length === 0) throw new Error(`No file matches "main": "${main}".`);

    for (const file of files) {
      currentStep = file;
      await loadFile(file, packageFile, packageJson);
    }

    currentStep = 'after its files were loaded';
    await runHooks('appStart', hookContext(appScope, {}, { functionAppDirectory: appDirectory }));
    endRegistration();
    await getProgrammingModel()?.getCapabilities({});
    return { main, functions: registeredMetadata() };
  } catch (error) {
    const reason = error instanceof Error ? error.stack : inspect(error);
    return { main, functions: [], error: `${currentStep}: ${reason}` };
  }
}

async function loadFile(file: string, packageFile: string, { type }: PackageJson): Promise<void> {
  const isEsModule = file.endsWith('.mjs') || (type === 'module' && !file.endsWith('.cjs'));
  if (isEsModule) await import(pathToFileURL(file).href);
  else createRequire(packageFile)(file);
}

/** Goes through JSON, because a trigger's options may hold values that can't be sent to the host. */
function registeredMetadata(): FunctionMetadata[] {
  const metadata = [...registeredFunctions.values()].map((registered) => registered.metadata);
  return JSON.parse(JSON.stringify(metadata)) as FunctionMetadata[];
}
