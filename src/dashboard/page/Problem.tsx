import type { ComponentChildren } from 'preact';
import type { ApiError } from './api';
import { useApp } from './app';
import { agoText, clockText } from './format';
import { Icon, type IconName } from './Icon';

export type Tone = 'good' | 'bad' | 'warn' | 'quiet';

/** A message above what it is about. */
export function Notice(props: { tone: Tone; icon: IconName; onClose?: () => void; children: ComponentChildren }) {
  const { tone, icon, onClose, children } = props;
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={icon} size={20} />
      <div class="says">{children}</div>
      {onClose !== undefined && (
        <button type="button" class="plain" onClick={onClose}>
          <Icon name="x" />
          <span class="unseen">Close</span>
        </button>
      )}
    </div>
  );
}

/** Why nothing new can be shown, what still works, and what to do. `at`: when the figures on the page were read. */
export function LoadProblem({ error, at }: { error: ApiError; at: number | undefined }) {
  const { zone, now } = useApp();
  const time = at === undefined ? undefined : new Date(at).toISOString();
  const age = time !== undefined && (
    <p>
      What is shown is from {clockText(time, zone, now, true)}, {agoText(time, now)}.
    </p>
  );
  if (error.status === 0) {
    return (
      <Notice tone="bad" icon="plug">
        <h2>The app can't be reached</h2>
        {age}
        <p>Is it running, and are you online? The page tries again by itself.</p>
      </Notice>
    );
  }
  if (error.code === 'StorageUnavailable') {
    return (
      <Notice tone="bad" icon="database">
        <h2>The run history can't be read</h2>
        <p>{error.message}</p>
        {age}
        <StorageHelp />
      </Notice>
    );
  }
  return (
    <Notice tone="bad" icon="triangle">
      <h2>The runs can't be shown</h2>
      <p>{error.message}</p>
      {age}
    </Notice>
  );
}

/** When the storage takes long to answer, before it is known whether it answers at all. */
export function StillWaiting() {
  const { workflow } = useApp();
  // the definition of the workflow needs no storage: whoever answered it is the app
  if (workflow === undefined) {
    return (
      <Notice tone="warn" icon="hourglass">
        <h2>The app has not answered yet</h2>
        <p>After a pause it may take several seconds to start.</p>
      </Notice>
    );
  }
  return (
    <Notice tone="warn" icon="hourglass">
      <h2>The run history has not answered yet</h2>
      <StorageHelp />
    </Notice>
  );
}

function StorageHelp() {
  return (
    <>
      <p>
        <strong>Still working:</strong> the functions that create users and issue tokens, and <em>Run now</em>: its
        result is shown here, and saved as soon as the storage answers again.
      </p>
      <p>
        <strong>What to do:</strong> check that the storage account of the setting <code>AzureWebJobsStorage</code>{' '}
        exists, lets this app in, and that the app has the role Storage Table Data Contributor.{' '}
        <code>GET api/health/deep</code> reports the cause.
      </p>
    </>
  );
}
