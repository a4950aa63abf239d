// The order of the test files. Jest begins with the files that took longest in the last run. In a fresh clone it knows none, and begins with the largest
// files. Then those below would come last, although they take long: they wait for processes and for time limits.
import TestSequencer from '@jest/test-sequencer';

const named = (names) => names.map((name) => `/${name}.test.ts`);
const LONGEST = named([
  'test/local/start',
  'test/app/honestReports',
  'test/local/functionsHost/lifeOfTheApp',
  'test/app/stopping',
  'test/identity/managedIdentity',
  'test/history/transientErrors',
  'test/app/killedRuns',
  'test/app/killedNotifications',
  'test/app/killedFirstCalls',
]);
/** Compares a time limit of the app with one of the host that is 0.5 s longer. A busy machine takes that long: this one runs when others have ended. */
const LAST = named(['test/app/stoppingInTime']);

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const isOneOf = (names, { path }) => names.some((name) => path.replaceAll('\\', '/').endsWith(name));
    const rank = (test) => (isOneOf(LONGEST, test) ? 0 : isOneOf(LAST, test) ? 2 : 1);
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
