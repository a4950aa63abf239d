// The app's process is killed (-9) around changes of the state (KILLS, default 100): at random times, and before, during and after each request from the
// change on; then comes a reader or the next scheduled run. Which changes reached the receiver, and how often? Exits with 1 if one is lost, comes
// out of order, or comes again without a lost answer.
import { killNotifications } from '../test/app/killNotifications';

const KILLS = Number(process.env.KILLS ?? 100);

async function main(): Promise<void> {
  const { killed, endedBefore, changes, got, repeated, sentLater } = await killNotifications(KILLS);
  const types = got.map(({ type }) => type);
  const again = repeated.answerLost + repeated.notStored + repeated.unexplained;
  console.log(
    `${killed} scheduled runs killed, ${endedBefore} ended before; the recorded runs made ${changes.length} changes.`,
  );
  console.log(`The receiver got ${types.length} of them; ${sentLater} from the next reader or run.`);
  console.log(
    `${again} came again with the same id: the answer was lost ${repeated.answerLost} times; it had come, but was not stored, ${repeated.notStored} times; unexplained ${repeated.unexplained}; with another content ${repeated.different}.`,
  );
  const isInOrder = types.join() === changes.join();
  if (!isInOrder) console.log(`Expected: ${changes.join(', ')}\nReceived: ${types.join(', ')}`);
  if (!isInOrder || repeated.unexplained > 0 || repeated.different > 0) process.exitCode = 1;
}

void main();
