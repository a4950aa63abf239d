#!/usr/bin/env node
// The command `acs-identity`. This file is in the repository, not made by a build: npm links no bin that is missing when it installs,
// and `npx acs-identity` would then look for a package of that name in the registry.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const build = new URL('build.mjs', import.meta.url);
// the published package has no build.mjs
if (existsSync(build) && !(await import(build)).isBuilt()) {
  // In the repository, after a change: installs what is missing, builds the command and runs it.
  process.argv.splice(2, 0, 'cli');
  await import('../local/bootstrap.mjs');
} else {
  createRequire(import.meta.url)('./dist/acs-identity.cjs');
}
