#!/usr/bin/env node
// The command `acs-identity`, from any directory: installs and builds what is missing, then runs cli/command.ts.
process.argv.splice(2, 0, 'cli');
await import('../local/bootstrap.mjs');
