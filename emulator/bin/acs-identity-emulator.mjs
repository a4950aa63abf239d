#!/usr/bin/env node
// The command. A package has only its build; in the repository, where the sources are, a build that is older than they are is made again.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../src', import.meta.url))) {
  const { buildIfOutdated } = await import('../build.mjs');
  await buildIfOutdated();
}
await import('../dist/command.js');
