// The process is killed (-9) during first calls of people. `npm run bench -- firstCalls` does this more often, at random times too.
import { killFirstCalls } from './killFirstCalls';

const KILLS = 12;
/** A process that has the id needs some time to send its first row. */
const SEND_MS = 500;

test(`after ${KILLS} kills during first calls, each ACS user that the process knew has a row, and each row has a user`, async () => {
  const report = await killFirstCalls({ atRandom: 0, atBoundaries: KILLS });
  expect(report).toMatchObject({ killed: KILLS, rowsWithoutUser: 0, pendingRows: 0, nextCalls: ['200'] });
  // otherwise nothing was tested
  expect(report.withoutRow).toBeGreaterThan(0);
  expect(report.lost.filter(({ knownForMs = 0 }) => knownForMs > SEND_MS)).toEqual([]);
  expect(report.lost.length).toBeLessThan(report.withoutRow);
}, 90_000);
