// The order of the test files. Jest begins with the files that took longest in the last run. In a fresh clone it knows none, and begins with the largest
// files. Then those below would come last, although they take long: they wait for processes and for time limits.
import TestSequencer from '@jest/test-sequencer';

const LONGEST = [
  'test/local/start',
  'test/app/honestReports',
  'test/local/functionsHost/lifeOfTheApp',
  'test/app/stopping',
  'test/app/stoppingInTime',
  'test/app/coldScheduledRun',
  'test/identity/managedIdentity',
  'test/history/transientErrors',
  'test/app/killedRuns',
  'test/app/killedNotifications',
  'test/app/killedFirstCalls',
].map((name) => `/${name}.test.ts`);

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(name)) >>> 0;
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
