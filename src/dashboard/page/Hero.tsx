import { useApp } from './app';
import { reasonOf } from './describe';
import { agoText, clockText, countText, spanText, stepTitle, timeText } from './format';
import { Icon, type IconName } from './Icon';
import type { Tone } from './Problem';
import { runHash } from './router';
import { isBad } from './Status';
import type { ConnectionStatus, Run, Statistics } from './types';

type State = ConnectionStatus['state'];
const LOOKS: Record<State, { tone: Tone; icon: IconName; title: string }> = {
  Healthy: { tone: 'good', icon: 'checkCircle', title: 'Healthy' },
  Slow: { tone: 'warn', icon: 'hourglass', title: 'Slow' },
  Failing: { tone: 'bad', icon: 'triangle', title: 'Failing' },
  Overdue: { tone: 'bad', icon: 'clock', title: 'Overdue' },
  Off: { tone: 'quiet', icon: 'circleOff', title: 'Schedule is off' },
  Unknown: { tone: 'quiet', icon: 'help', title: 'No scheduled run yet' },
};

/** Is it fine right now: the state of each connection that scheduled runs test, and the users that are left. */
export function Hero(props: { statistics: Statistics; newest: Run | undefined; now: number }) {
  const { statistics, newest, now } = props;
  const connections = statistics.connections ?? [];
  const isSettled = connections.some(({ state }) => state !== 'Off' && state !== 'Unknown');
  // manual runs change no state, but one that failed just now is worth a line
  const showsNewest = newest && (!isSettled || (newest.trigger.kind !== 'Timer' && isBad(newest.status)));
  return (
    <div class="heroes">
      {connections.map((status) => (
        <Connection key={status.connection} status={status} now={now} isOnly={connections.length === 1} />
      ))}
      {connections.length === 0 && <Connection status={withoutStates(statistics)} now={now} isOnly />}
      {showsNewest && <NewestRun run={newest} now={now} />}
      <UsersLeft statistics={statistics} />
    </div>
  );
}

/** What an app reports that does not know states, or whose setting of connections is malformed. */
const withoutStates = ({ schedule, since }: Statistics): ConnectionStatus => ({
  connection: '',
  state: schedule.enabled ? 'Unknown' : 'Off',
  since,
  consecutiveFailures: 0,
  nextRun: schedule.nextRun,
  ...(schedule.reason === null ? {} : { reason: schedule.reason }),
});

function Connection({ status, now, isOnly }: { status: ConnectionStatus; now: number; isOnly: boolean }) {
  const { zone } = useApp();
  const { tone, icon, title } = LOOKS[status.state];
  const { incident, consecutiveFailures, lastSuccess, nextRun } = status;
  const began = status.state === 'Failing' ? (incident?.began ?? status.since) : status.since;
  const showsSince = status.state !== 'Unknown' && status.state !== 'Off';
  return (
    <div class={`hero ${tone}`}>
      <span class="badge">
        <Icon name={icon} size={28} />
      </span>
      <div class="says">
        <h2>
          {title}
          {showsSince && (
            <span class="since" title={timeText(began, zone)}>
              {status.state === 'Healthy' ? ' for ' : ` since ${clockText(began, zone, now)}, `}
              {spanText(now - Date.parse(began))}
            </span>
          )}
          {!isOnly && <span class="of"> {status.connection}</span>}
        </h2>
        {showsSince && status.state !== 'Healthy' && incident !== undefined && <Why incident={incident} />}
        {status.state === 'Healthy' && consecutiveFailures > 0 && (
          <p class="why">
            The last {countText(consecutiveFailures, 'scheduled run')} failed; one more success or failure decides.
          </p>
        )}
        {status.state === 'Off' && status.reason !== undefined && <p class="why">{status.reason}.</p>}
        <p class="facts">
          {isOnly && status.connection !== '' && (
            <span>
              Connection <b>{status.connection}</b>
            </span>
          )}
          {status.state === 'Failing' && (
            <span>{countText(consecutiveFailures, 'failure')} in a row (scheduled runs only)</span>
          )}
          {lastSuccess !== undefined && (
            <span title={timeText(lastSuccess, zone)}>
              Last success <b>{agoText(lastSuccess, now)}</b>
            </span>
          )}
          {status.state !== 'Off' && (
            <span title={nextRun === null ? undefined : timeText(nextRun, zone)}>
              Next run{' '}
              <b>
                {nextRun === null
                  ? 'by the timer of the host'
                  : `${agoText(nextRun, now)} (${clockText(nextRun, zone, now)})`}
              </b>
            </span>
          )}
        </p>
      </div>
    </div>
  );
}

function Why({ incident }: { incident: NonNullable<ConnectionStatus['incident']> }) {
  const { step, code, message, runId } = incident.last;
  return (
    <p class="why">
      {step !== undefined && <strong>{stepTitle(step)}: </strong>}
      <code>{code}</code> {message} {runId !== undefined && <a href={runHash(runId)}>Open this run</a>}
    </p>
  );
}

/** While no schedule tells the state, the newest run is the best that is known. */
function NewestRun({ run, now }: { run: Run; now: number }) {
  const reason = run.status === 'Succeeded' ? undefined : reasonOf(run);
  return (
    <p class={`line ${run.status === 'Succeeded' ? 'good' : reason === undefined ? 'quiet' : 'bad'}`}>
      <Icon name={run.status === 'Succeeded' ? 'check' : 'clock'} />
      <span>
        The newest {run.trigger.kind === 'Timer' ? '' : 'manual '}run, {agoText(run.startTime, now)}:{' '}
        <b>{run.status}</b>
        {reason !== undefined && `, ${reason.where ?? ''} ${reason.code}`} · <a href={runHash(run.id)}>Open it</a>
      </span>
    </p>
  );
}

function UsersLeft({ statistics }: { statistics: Statistics }) {
  const { usersLeftBehind, usersLeftBehindIsExact, usersUnknown } = statistics;
  return (
    <>
      {usersLeftBehind > 0 && (
        <p class="line bad users-left">
          <Icon name="user" />
          <span>
            <b>
              {usersLeftBehind}
              {usersLeftBehindIsExact === false ? '+' : ''} {usersLeftBehind === 1 ? 'user' : 'users'} left behind
            </b>{' '}
            in ACS. The next scheduled run deletes them.
          </span>
        </p>
      )}
      {usersUnknown > 0 && (
        <p class="line warn users-unknown">
          <Icon name="user" />
          <span>
            <b>{countText(usersUnknown, 'user')} possibly left</b> in the last 24 hours: their ids were never received,
            and ACS cannot list users.
          </span>
        </p>
      )}
    </>
  );
}

export function HeroSkeleton() {
  return (
    <div class="heroes" aria-busy="true">
      <div class="hero quiet">
        <span class="badge bone" />
        <div class="says">
          <h2>
            <span class="bone">Loading the state</span>
          </h2>
          <p class="facts">
            <span class="bone">Connection, last success, next run</span>
          </p>
        </div>
      </div>
    </div>
  );
}
