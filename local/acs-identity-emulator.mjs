#!/usr/bin/env node
// The emulator as a command of its own, from any directory: installs and builds what is missing, as `npm run emulator` does.
process.argv.splice(2, 0, 'emulator');
await import('./bootstrap.mjs');
