import { render } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, forgetKey, getWorkflow, storedKey } from './api';
import { AppContext, type App } from './app';
import { Header } from './Header';
import type { Zone } from './format';
import { KeyForm } from './KeyForm';
import { ListView } from './ListView';
import { Notice } from './Problem';
import { useRoute } from './router';
import { RunView } from './RunView';
import { RunWith } from './RunWith';
import { startLive } from './startLive';
import type { RunOptions, Workflow } from './types';
import { WorkflowView } from './WorkflowView';

const TICK_MS = 5_000;
const ZONE_NAME = 'acs-identity-functions.zone';

function Page() {
  const route = useRoute();
  const [zone, setZone] = useState<Zone>(localStorage.getItem(ZONE_NAME) === 'UTC' ? 'UTC' : 'local');
  const [now, setNow] = useState(Date.now());
  const [denied, setDenied] = useState<'KeyNeeded' | 'WrongKey'>();
  const [busyCount, setBusyCount] = useState(0);
  const [notice, setNotice] = useState('');
  const [problem, setProblem] = useState('');
  const [workflow, setWorkflow] = useState<Workflow>();
  const [options, setOptions] = useState<RunOptions>();

  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);

  const fail = useCallback((error: unknown) => {
    if (error instanceof ApiError && error.status === 401)
      setDenied(error.code === 'WrongKey' ? 'WrongKey' : 'KeyNeeded');
    else setProblem(error instanceof Error ? error.message : 'Something went wrong.');
  }, []);

  // without it the page only lacks the view of the workflow; whatever is wrong, the list reports it
  useEffect(() => {
    if (denied === undefined) getWorkflow().then(setWorkflow, () => undefined);
  }, [denied]);

  const run = useCallback(async (asked: RunOptions) => {
    setBusyCount((count) => count + 1);
    setProblem('');
    setNotice('A run has started.');
    try {
      const ended = await startLive(asked);
      setNotice(`The run has ended: ${ended.status}.`);
    } catch (error) {
      setNotice('');
      throw error;
    } finally {
      setBusyCount((count) => count - 1);
      setNow(Date.now());
    }
  }, []);

  const isBusy = busyCount > 0;
  const app = useMemo<App>(
    () => ({
      zone,
      now,
      workflow,
      isBusy,
      run,
      runNow: (asked) => void run(asked).catch(fail),
      runWith: setOptions,
      fail,
      notify: setNotice,
    }),
    [zone, now, workflow, isBusy],
  );

  if (denied !== undefined) {
    return <KeyForm isWrong={denied === 'WrongKey'} onStored={() => setDenied(undefined)} />;
  }
  return (
    <AppContext.Provider value={app}>
      <Header
        view={route.view}
        onZone={() => {
          const next = zone === 'UTC' ? 'local' : 'UTC';
          localStorage.setItem(ZONE_NAME, next);
          setZone(next);
        }}
        onForget={
          storedKey() === null
            ? undefined
            : () => {
                forgetKey();
                setDenied('KeyNeeded');
              }
        }
      />
      <main>
        <p class="unseen" role="status" aria-live="polite">
          {notice}
        </p>
        {problem !== '' && (
          <Notice tone="bad" icon="triangle" onClose={() => setProblem('')}>
            {problem}
          </Notice>
        )}
        {route.view === 'list' && <ListView filters={route.filters} window={route.window} />}
        {route.view === 'run' && <RunView key={route.id} id={route.id} />}
        {route.view === 'workflow' && <WorkflowView />}
      </main>
      {options !== undefined && <RunWith options={options} onClose={() => setOptions(undefined)} />}
    </AppContext.Provider>
  );
}

const root = document.getElementById('page');
if (root !== null) {
  root.textContent = '';
  render(<Page />, root);
}
