// Loaded into the app's process before the app: writes its process id to a file, and sets its clock forward, at once (by a setting, or by what a file
// says when the process starts) or with SIGUSR2.
const { readFileSync, writeFileSync } = require('node:fs');

writeFileSync(process.env.TEST_PID_FILE, String(process.pid));
const { TEST_CLOCK_AHEAD_MS = 0, TEST_CLOCK_AHEAD_FILE: aheadFile } = process.env;
let aheadMs = Number(aheadFile === undefined ? TEST_CLOCK_AHEAD_MS : readFileSync(aheadFile, 'utf8'));
const jumpMs = Number(process.env.TEST_CLOCK_JUMP_MS ?? 0);
if (jumpMs !== 0) process.on('SIGUSR2', () => (aheadMs += jumpMs));
if (aheadMs !== 0 || jumpMs !== 0) {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(RealDate.now() + aheadMs);
      else super(...given);
    }
    static now() {
      return RealDate.now() + aheadMs;
    }
  };
}
