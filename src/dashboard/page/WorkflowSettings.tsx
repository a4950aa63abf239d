import type { ComponentChildren } from 'preact';
import { Icon } from './Icon';
import type { Workflow } from './types';

type Setting = Workflow['settings'][number];

const CREDENTIALS = {
  accessKey: 'access key',
  managedIdentity: 'managed identity',
  defaultAzureCredential: 'Azure sign-in of this machine',
};

/** The connections, and the settings in effect: value, where it comes from, and how to change it. */
export function WorkflowSettings({ workflow }: { workflow: Workflow }) {
  const { connections, settings, limits } = workflow;
  const own = settings.filter(({ source }) => source === 'setting');
  const defaults = settings.filter(({ source }) => source === 'default');
  return (
    <div class="side">
      <section class="card" aria-label="Connections">
        <h3>Connections</h3>
        <ul class="plainlist">
          {connections.map(({ name, host, credential, error }) => (
            <li key={name}>
              <b>{name}</b>
              <span class="quiet">
                {' '}
                {host ?? 'no host'}
                {credential !== null && `, ${CREDENTIALS[credential]}`}
              </span>
              {error !== undefined && <p class="bad">{error}</p>}
            </li>
          ))}
        </ul>
      </section>
      <section class="card" aria-label="Limits">
        <h3>Limits for callers</h3>
        <p>
          {limits === null ? (
            'The settings of the limits are malformed.'
          ) : (
            <>
              Scopes: <b>{limits.allowedScopes.join(', ')}</b>. Longest token: <b>{limits.maxTokenMinutes} minutes</b>.
            </>
          )}
        </p>
      </section>
      <SettingList title="Settings of this app" settings={own} />
      <SettingList title="Settings with their default" settings={defaults} />
    </div>
  );
}

function SettingList({ title, settings }: { title: string; settings: readonly Setting[] }) {
  return (
    <section class="card settings" aria-label={title}>
      <h3>{title}</h3>
      {settings.length === 0 && <p class="quiet">None</p>}
      {settings.map(({ name, value, description, change, error }) => (
        <details key={name} class="setting" open={error !== undefined}>
          <summary>
            <Icon name="chevronRight" />
            <span class="id">{name}</span>
            <span class="value">{value === null || value === '' ? <span class="quiet">–</span> : value}</span>
          </summary>
          {error !== undefined && <p class="bad">{error}</p>}
          <p>{withCode(description)}</p>
          <p class="quiet">{change}</p>
        </details>
      ))}
    </section>
  );
}

/** Text between backticks as code. */
const withCode = (text: string): ComponentChildren =>
  text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
