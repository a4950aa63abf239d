import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, forgetKey, startRun, storedKey } from './api';
import type { Zone } from './format';
import { KeyForm } from './KeyForm';
import { RunList } from './RunList';
import { RunView } from './RunView';
import type { Run } from './types';

/** What is shown: `#/runs/ID` is one run, everything else the list. */
function runOfHash(): string | undefined {
  return /^#\/runs\/(.+)$/.exec(location.hash)?.[1];
}

function Page() {
  const [runId, setRunId] = useState(runOfHash());
  const [zone, setZone] = useState<Zone>('local');
  const [denied, setDenied] = useState<'KeyNeeded' | 'WrongKey'>();
  const [isBusy, setBusy] = useState(false);
  const [notice, setNotice] = useState('');
  const [problem, setProblem] = useState('');
  /** A run that was answered, for when the history could not keep it. */
  const [answered, setAnswered] = useState<Run>();

  useEffect(() => {
    const onHash = () => setRunId(runOfHash());
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);

  const showError = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401)
      setDenied(error.code === 'WrongKey' ? 'WrongKey' : 'KeyNeeded');
    else setProblem(error instanceof Error ? error.message : 'Something went wrong.');
  };

  const run = async (request: object, connection?: string) => {
    setBusy(true);
    setProblem('');
    setNotice('A run has started.');
    try {
      const ended = await startRun(request, connection);
      setAnswered(ended);
      setNotice(`The run has ended: ${ended.status}.`);
      location.hash = `#/runs/${ended.id}`;
    } catch (error) {
      setNotice('');
      showError(error);
    } finally {
      setBusy(false);
    }
  };

  if (denied !== undefined) {
    return <KeyForm isWrong={denied === 'WrongKey'} onStored={() => setDenied(undefined)} />;
  }
  return (
    <>
      <header>
        <h1>
          <a href="#/">ACS identity runs</a>
        </h1>
        <div class="tools">
          <button type="button" class="primary" disabled={isBusy} onClick={() => void run({})}>
            {isBusy ? 'Running…' : 'Run now'}
          </button>
          <button type="button" onClick={() => setZone(zone === 'UTC' ? 'local' : 'UTC')}>
            Times: {zone}
          </button>
          {storedKey() !== null && (
            <button
              type="button"
              onClick={() => {
                forgetKey();
                setDenied('KeyNeeded');
              }}
            >
              Forget key
            </button>
          )}
        </div>
      </header>
      <p class="notice" role="status" aria-live="polite">
        {notice}
      </p>
      {problem !== '' && (
        <p class="error" role="alert">
          {problem}{' '}
          <button type="button" onClick={() => setProblem('')}>
            Close
          </button>
        </p>
      )}
      <main>
        {runId === undefined ? (
          <RunList zone={zone} onDenied={showError} isBusy={isBusy} />
        ) : (
          <RunView
            key={runId}
            id={runId}
            zone={zone}
            answered={answered?.id === runId ? answered : undefined}
            isBusy={isBusy}
            onRunAgain={run}
            onDenied={showError}
            onNotice={setNotice}
          />
        )}
      </main>
    </>
  );
}

const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
