import { useState } from 'preact/hooks';
import { ApiError, cancelRun } from './api';
import { useApp } from './app';
import { jsonText } from './format';
import { Icon } from './Icon';
import type { Run, RunOptions, Step } from './types';

/** What can be done with a run. */
export function RunActions({ run, onChanged }: { run: Run; onChanged: () => void }) {
  const { isBusy, workflow, runNow, runWith, notify } = useApp();
  const copy = (text: string, what: string) =>
    navigator.clipboard.writeText(text).then(
      () => notify(`${what} was copied.`),
      () => notify('The browser did not let the page copy.'),
    );
  return (
    <div class="tools">
      {run.status === 'Running' && workflow !== undefined && <Cancel run={run} onChanged={onChanged} />}
      {run.status !== 'Running' && (
        <button type="button" disabled={isBusy} onClick={() => runNow(sameOptions(run))}>
          <Icon name="repeat" /> Run again
        </button>
      )}
      {workflow !== undefined && run.status !== 'Running' && (
        <button type="button" onClick={() => runWith(sameOptions(run))}>
          <Icon name="settings" /> Change and run
        </button>
      )}
      <button type="button" onClick={() => void copy(jsonText(run), 'The run')}>
        <Icon name="copy" /> Copy as JSON
      </button>
      <button type="button" onClick={() => void copy(location.href, 'The link')}>
        <Icon name="link" /> Copy link
      </button>
    </div>
  );
}

/** Hides itself where the app is older than the route. */
function Cancel({ run, onChanged }: { run: Run; onChanged: () => void }) {
  const { fail, notify } = useApp();
  const [state, setState] = useState<'idle' | 'asked' | 'missing'>('idle');
  if (state === 'missing') return null;
  const isAsked = state === 'asked' || run.cancelRequested === true;
  const cancel = async () => {
    setState('asked');
    try {
      const answer = await cancelRun(run.id);
      setState(answer === undefined ? 'missing' : 'asked');
      if (answer !== undefined) notify('The run is being cancelled. Its user is deleted.');
    } catch (error) {
      setState('idle');
      if (error instanceof ApiError && error.status === 409) notify('The run has ended already.');
      else fail(error);
    }
    onChanged();
  };
  return (
    <button type="button" class="danger" disabled={isAsked} onClick={() => void cancel()}>
      <Icon name="ban" /> {isAsked ? 'Cancelling…' : 'Cancel run'}
    </button>
  );
}

/** What the run was asked for, from what its steps asked for; what is not known is left to the settings. */
export function sameOptions({ actions, connection }: Run): RunOptions {
  const created = inputsOf(actions, 'Create_a_user');
  const issued = inputsOf(actions, 'Issue_a_user_access_token');
  return {
    connection,
    createTokenWithScopes: created && ((created['createTokenWithScopes'] ?? []) as string[]),
    scopes: issued?.['scopes'] as string[] | undefined,
    expiresInMinutes: (issued?.['expiresInMinutes'] ?? created?.['expiresInMinutes']) as number | undefined,
  };
}

const inputsOf = (steps: readonly Step[], name: string) =>
  steps.find((step) => step.name === name)?.inputs as Record<string, unknown> | undefined;
