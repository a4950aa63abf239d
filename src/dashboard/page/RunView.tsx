import { useEffect, useRef, useState } from 'preact/hooks';
import { answeredRun, merged } from './answered';
import { ApiError, getRun } from './api';
import { useApp, usePolling } from './app';
import { failedStep, ownError, reasonOf } from './describe';
import { durationText, timeText } from './format';
import { Icon } from './Icon';
import { LoadProblem, Notice, StillWaiting } from './Problem';
import { lastListHash } from './router';
import { RunActions } from './RunActions';
import { RunFacts } from './RunFacts';
import { StatusPill } from './Status';
import { Steps } from './Steps';
import type { Run } from './types';

const POLL_MS = 1_000;
const LIVE_TICK_MS = 200;
const WAITING_MS = 1_000;

/** One run: what started it, and its steps from top to bottom, as the designer of Logic Apps shows them. */
export function RunView({ id }: { id: string }) {
  const { fail, isBusy } = useApp();
  const [run, setRun] = useState<Run | undefined>(() => answeredRun(id));
  const [error, setError] = useState<ApiError>();
  const [at, setAt] = useState<number>();
  const [isWaiting, setWaiting] = useState(false);

  const load = async () => {
    const timer = setTimeout(() => setWaiting(true), WAITING_MS);
    try {
      setRun(merged(await getRun(id)));
      setAt(Date.now());
      setError(undefined);
    } catch (thrown) {
      // a run that could not be recorded is only known from its answer
      const answered = answeredRun(id);
      if (answered !== undefined) setRun(answered);
      else if (thrown instanceof ApiError && thrown.status !== 401) setError(thrown);
      else fail(thrown);
    } finally {
      clearTimeout(timer);
      setWaiting(false);
    }
  };
  const isRunning = run?.status === 'Running';
  usePolling(load, `${id} ${isBusy}`, isRunning || error !== undefined ? POLL_MS : undefined);

  return (
    <article class="run">
      <p class="back">
        <a href={lastListHash()}>
          <Icon name="arrowLeft" /> All runs
        </a>
      </p>
      {isWaiting && run === undefined && error === undefined && <StillWaiting />}
      {error?.code === 'RunNotFound' && run === undefined ? (
        <Notice tone="bad" icon="help">
          <h2>This run is not in the history</h2>
          <p>{error.message}</p>
        </Notice>
      ) : (
        error !== undefined && <LoadProblem error={error} at={at} />
      )}
      {run !== undefined && <Shown run={run} onChanged={() => void load()} />}
      {run === undefined && error === undefined && <Skeleton />}
    </article>
  );
}

function Shown({ run, onChanged }: { run: Run; onChanged: () => void }) {
  const { zone } = useApp();
  const now = useLiveNow(run.status === 'Running');
  const title = useRef<HTMLHeadingElement>(null);
  const error = ownError(run);
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    document.title = `${run.status} run · ACS identity runs`;
  }, [run.status]);
  return (
    <>
      <div class="runhead">
        <h2 tabIndex={-1} ref={title}>
          <StatusPill status={run.status} />
          <span>
            {timeText(run.startTime, zone)}{' '}
            <span class="since">
              {run.status === 'Running'
                ? `running for ${durationText(now - Date.parse(run.startTime))}`
                : `took ${durationText(run.durationMs)}`}
            </span>
          </span>
        </h2>
        <RunActions run={run} onChanged={onChanged} />
      </div>
      <Reason run={run} />
      {error !== undefined && (
        <Notice
          tone={run.status === 'Aborted' ? 'warn' : 'bad'}
          icon={run.status === 'Aborted' ? 'square' : 'triangle'}
        >
          <p>
            <code>{error.code}</code> {error.message}
          </p>
        </Notice>
      )}
      {run.recorded === false && (
        <Notice tone="warn" icon="database">
          <h2>This run was not recorded</h2>
          <p>
            {run.recordError?.message ?? 'The history could not be written.'} What is shown is its answer. The app saves
            it when the storage works again; if the app stops before, the history closes the run as Aborted.
          </p>
        </Notice>
      )}
      {run.slow && (
        <Notice tone="warn" icon="hourglass">
          <p>The run succeeded, but took longer than its budget.</p>
        </Notice>
      )}
      <RunFacts run={run} />
      <Steps run={run} now={now} />
    </>
  );
}

/** Where the run failed, in one line. The error itself is in the step. */
function Reason({ run }: { run: Run }) {
  const step = failedStep(run);
  const reason = reasonOf(run);
  if (step?.error === undefined || reason === undefined) return null;
  const show = () => {
    const card = document.getElementById(`card-${step.name}`);
    card?.scrollIntoView({ block: 'center' });
    card?.querySelector('button')?.focus({ preventScroll: true });
  };
  return (
    <p class="line bad reason">
      <Icon name="triangle" />
      <span>
        <b>{reason.where}</b>{' '}
        {step.status === 'TimedOut' ? 'timed out' : step.status === 'Aborted' ? 'was aborted' : 'failed'}:{' '}
        <code>{reason.code}</code>{' '}
        <button type="button" class="text" onClick={show}>
          Show the step
        </button>
      </span>
    </p>
  );
}

function Skeleton() {
  return (
    <div aria-busy="true">
      <p class="unseen">Loading the run…</p>
      <div class="runhead">
        <h2>
          <span class="bone">Loading the run and its steps</span>
        </h2>
      </div>
      <div class="card bones" />
      <div class="card bones" />
      <div class="card bones" />
    </div>
  );
}

/** The time, often enough for bars that grow. */
function useLiveNow(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setNow(Date.now()), LIVE_TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
