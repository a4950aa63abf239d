import { useApp } from './app';
import { localZoneName } from './format';
import { Icon } from './Icon';
import { lastListHash } from './router';

/** The name of the app and its environment, the views, and what starts a run. */
export function Header(props: { view: string; onZone: () => void; onForget: (() => void) | undefined }) {
  const { view, onZone, onForget } = props;
  const { zone, workflow, isBusy, runNow, runWith } = useApp();
  const unknown = workflow === undefined ? 'unknown' : undefined;
  const other = zone === 'UTC' ? `local time (${localZoneName()})` : 'UTC';
  return (
    <header>
      <div class="bar">
        <h1>
          <a href="#/">ACS identity</a>
        </h1>
        <nav aria-label="Views">
          <a href={lastListHash()} aria-current={view === 'workflow' ? undefined : 'page'}>
            Runs
          </a>
          {/* keeps its place until it is known whether the app has it, so that nothing moves */}
          <a class={unknown} href="#/workflow" aria-current={view === 'workflow' ? 'page' : undefined}>
            Workflow
          </a>
        </nav>
        <div class="tools prefs">
          <p class="site">
            {workflow?.site ?? (workflow && 'local')}
            {workflow !== undefined && <span class="version"> v{workflow.version}</span>}
          </p>
          <button
            type="button"
            class="plain"
            title={`Times are shown in ${zone === 'UTC' ? 'UTC' : `the time zone of this browser, ${localZoneName()}`}. Click for ${other}.`}
            onClick={onZone}
          >
            <Icon name="globe" />
            <span class="wide">Times:</span> {zone}
          </button>
          {onForget !== undefined && (
            <button type="button" class="plain" onClick={onForget}>
              <Icon name="key" /> <span class="wide">Forget key</span>
              <span class="narrow unseen">Forget key</span>
            </button>
          )}
        </div>
        <div class="tools">
          <button type="button" class={unknown} onClick={() => runWith({})}>
            Run with…
          </button>

          <button type="button" class="primary" disabled={isBusy} onClick={() => runNow({})}>
            <Icon name={isBusy ? 'loader' : 'play'} /> {isBusy ? 'Running…' : 'Run now'}
          </button>
        </div>
      </div>
    </header>
  );
}
