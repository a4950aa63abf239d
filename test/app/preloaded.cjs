// Loaded into the app's process before the app: tells its process id, and sets its clock forward.
const { writeFileSync } = require('node:fs');

writeFileSync(process.env.TEST_PID_FILE, String(process.pid));
const aheadMs = Number(process.env.TEST_CLOCK_AHEAD_MS ?? 0);
if (aheadMs !== 0) {
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
