// The process is killed (-9) around a change of the state: no change is lost, and what is sent again has the same id. `npm run bench -- notifications`
// does this a hundred times.
import { killNotifications } from './killNotifications';

const KILLS = 8;

test(`${KILLS} kills around a change of the state lose no notification`, async () => {
  const { killed, changes, got, repeated } = await killNotifications(KILLS);
  expect(killed).toBe(KILLS);
  expect(changes).toEqual(expect.arrayContaining(['failing', 'recovered']));
  expect(got.map(({ type }) => type)).toEqual(changes);
  expect(repeated).toMatchObject({ unexplained: 0, different: 0 });
}, 60_000);
