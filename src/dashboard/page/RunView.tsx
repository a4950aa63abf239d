import { useEffect, useState } from 'preact/hooks';
import { ApiError, getRun } from './api';
import { durationText, jsonText, timeText, type Zone } from './format';
import { Pill } from './Pill';
import { StepCard } from './StepCard';
import type { Run, Step } from './types';

const POLL_MS = 2_000;

/** One run: its steps from top to bottom, as the designer of Logic Apps shows them. */
export function RunView(props: {
  id: string;
  zone: Zone;
  answered: Run | undefined;
  isBusy: boolean;
  onRunAgain: (request: object, connection: string) => Promise<void>;
  onDenied: (error: unknown) => void;
  onNotice: (text: string) => void;
}) {
  const { id, zone, answered, isBusy, onRunAgain, onDenied, onNotice } = props;
  const [run, setRun] = useState(answered);
  const [problem, setProblem] = useState('');

  const load = async () => {
    try {
      setRun(await getRun(id));
      setProblem('');
    } catch (error) {
      // a run that could not be recorded is only known from its answer
      if (answered !== undefined) return;
      if (error instanceof ApiError && error.status !== 401) setProblem(error.message);
      else onDenied(error);
    }
  };
  useEffect(() => void load(), [id]);
  const isRunning = run?.status === 'Running';
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => document.hidden || void load(), POLL_MS);
    return () => clearInterval(timer);
  }, [isRunning]);

  const copy = (text: string, what: string) =>
    navigator.clipboard.writeText(text).then(
      () => onNotice(`${what} was copied.`),
      () => onNotice('The browser did not let the page copy.'),
    );

  if (run === undefined) {
    return problem === '' ? (
      <p class="quiet">Loading…</p>
    ) : (
      <p class="error" role="alert">
        {problem} <a href="#/">All runs</a>
      </p>
    );
  }
  return (
    <article class="run">
      <p>
        <a href="#/">← All runs</a>
      </p>
      <h2>
        <Pill status={run.status} /> <span class="id">{run.id}</span>
      </h2>
      <div class="tools">
        <button
          type="button"
          disabled={isBusy}
          onClick={() => void onRunAgain(sameInputs(run.actions), run.connection)}
        >
          Run again with the same inputs
        </button>
        <button type="button" onClick={() => void copy(jsonText(run), 'The run')}>
          Copy as JSON
        </button>
        <button type="button" onClick={() => void copy(location.href, 'The link')}>
          Copy link
        </button>
      </div>
      {run.error !== undefined && (
        <p class="error">
          <strong>{run.error.code}</strong> {run.error.message}
        </p>
      )}
      {run.recorded === false && (
        <p class="error">This run was not recorded: {run.recordError?.message ?? 'the history could not be written'}</p>
      )}
      <dl class="facts">
        <Fact name="Started" value={timeText(run.startTime, zone)} />
        <Fact name="Duration" value={durationText(run.durationMs)} />
        <Fact name="Trigger" value={`${run.trigger.name}${run.trigger.isPastDue ? ', past due' : ''}`} />
        <Fact name="Connection" value={run.connection} />
        <Fact name="Steps call" value={run.target === 'functions' ? 'the functions by their URLs' : 'ACS'} />
        <Fact name="Cleanup" value={cleanupText(run)} />
        <Fact name="Tracking id" value={run.correlation.clientTrackingId} />
      </dl>
      <ol class="flow" aria-label="Steps">
        {run.actions.map((step) => (
          <StepCard key={step.name} step={step} />
        ))}
      </ol>
      {run.actions.length === 0 && (
        <p class="quiet">{isRunning ? 'The steps are shown when the run has ended.' : 'No step was recorded.'}</p>
      )}
    </article>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** What the run was asked for, from what its steps asked for; what is not known is left to the settings. */
function sameInputs(steps: readonly Step[]): object {
  const inputsOf = (name: string) =>
    steps.find((step) => step.name === name)?.inputs as Record<string, unknown> | undefined;
  const created = inputsOf('Create_a_user');
  const issued = inputsOf('Issue_a_user_access_token');
  const createTokenWithScopes = created === undefined ? undefined : (created['createTokenWithScopes'] ?? []);
  return {
    createTokenWithScopes,
    scopes: issued?.['scopes'],
    expiresInMinutes: issued?.['expiresInMinutes'] ?? created?.['expiresInMinutes'],
  };
}

/** What became, or is to become, of the user that the run made. */
function cleanupText({ status, cleanup, usersLeftBehind = [] }: Run): string {
  const users = usersLeftBehind.join(', ');
  if (status === 'Running')
    return cleanup === 'Pending' ? `Not yet: ${users}` : cleanup === 'Clean' ? 'Clean' : 'Not yet';
  if (cleanup === 'Pending') return `Pending: ${users}`;
  return cleanup === 'Unknown' ? 'Unknown: ACS may have made a user whose id was not received' : cleanup;
}
