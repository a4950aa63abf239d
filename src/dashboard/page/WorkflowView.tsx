import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from './app';
import { agoText, stepTitle, timeText } from './format';
import { Icon } from './Icon';
import { Notice } from './Problem';
import type { Workflow } from './types';
import { WorkflowSettings } from './WorkflowSettings';

/** What will run: the definition as a designer would draw it, the next times, and the settings. */
export function WorkflowView() {
  const { workflow } = useApp();
  useEffect(() => {
    document.title = 'Workflow · ACS identity runs';
  }, []);
  if (workflow === undefined) {
    return (
      <Notice tone="quiet" icon="hourglass">
        <p>The definition of the workflow is being read. An app of an earlier version does not have it.</p>
      </Notice>
    );
  }
  return (
    <article class="workflow">
      <div class="runhead">
        <h2 tabIndex={-1}>{workflow.name}</h2>
      </div>
      <div class="columns">
        <section aria-label="Definition">
          <TriggerCard workflow={workflow} />
          <ol class="flow definition" aria-label="Steps">
            {workflow.steps.map((step) => (
              <StepDefinition key={step.name} step={step} />
            ))}
          </ol>
        </section>
        <WorkflowSettings workflow={workflow} />
      </div>
    </article>
  );
}

/** What scheduled runs ask for, by the settings that say so. */
const REQUEST = [
  ['WORKFLOW_SCOPES', 'Scopes of the token'],
  ['WORKFLOW_CREATE_SCOPES', 'Scopes of a token with the user'],
  ['WORKFLOW_TOKEN_MINUTES', 'Lifetime in minutes'],
  ['WORKFLOW_CONNECTIONS', 'Connections'],
  ['WORKFLOW_TARGET', 'Steps call'],
] as const;

function TriggerCard({ workflow }: { workflow: Workflow }) {
  const { zone, now } = useApp();
  const { trigger, settings, connections } = workflow;
  const valueOf = (name: string) => settings.find((setting) => setting.name === name)?.value ?? null;
  const textOf = (name: string) => {
    const value = valueOf(name);
    if (name === 'WORKFLOW_TARGET') return value === 'functions' ? 'the functions, by their URLs' : 'ACS';
    return value ?? withoutValue(name);
  };
  const withoutValue = (name: string) =>
    name === 'WORKFLOW_CONNECTIONS'
      ? (connections[0]?.name ?? 'none')
      : name === 'WORKFLOW_CREATE_SCOPES'
        ? 'none'
        : '–';
  return (
    <div class="card trigger">
      <div class="head">
        <span class="mark-icon">
          <Icon name="clock" size={18} />
        </span>
        <h3>{trigger.type}</h3>
        <span class={`mark ${trigger.enabled ? 'good' : 'warn'}`}>{trigger.enabled ? 'on' : 'off'}</span>
      </div>
      <div class="inside">
        {trigger.expression !== null && (
          <p>
            Schedule <code>{trigger.expression}</code>
          </p>
        )}
        {trigger.reason !== null && <p class="why">{trigger.reason}.</p>}
        <dl class="facts">
          {REQUEST.map(([name, title]) => (
            <div key={name}>
              <dt>{title}</dt>
              <dd title={name}>{textOf(name)}</dd>
            </div>
          ))}
        </dl>
        {trigger.nextRuns.length > 0 && (
          <>
            <h4>Next runs</h4>
            <ol class="times">
              {trigger.nextRuns.map((time) => (
                <li key={time}>
                  <time dateTime={time}>{timeText(time, zone)}</time> <span class="quiet">{agoText(time, now)}</span>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </div>
  );
}

function StepDefinition({ step }: { step: Workflow['steps'][number] }) {
  const after = Object.entries(step.runAfter);
  return (
    <li class="card step">
      <div class="head">
        <h3 class="name">{stepTitle(step.name)}</h3>
      </div>
      <div class="inside">
        <p class="quiet">
          {after.length === 0 ? (
            'Runs first'
          ) : (
            <>
              Runs after{' '}
              {after.map(([name, statuses], i) => (
                <Fragment key={name}>
                  {i > 0 && ', '}
                  <b>{stepTitle(name)}</b> is {statuses.join(' or ')}
                </Fragment>
              ))}
            </>
          )}
        </p>
        {(step.checks.length > 0 || step.deeperChecks.length > 0) && (
          <ul class="checks">
            {step.checks.map((check) => (
              <li key={check} class="Passed">
                <Icon name="check" /> <span>{check}</span>
              </li>
            ))}
            {step.deeperChecks.map(({ name, enabled }) => (
              <li key={name} class={enabled ? 'Passed' : 'NotApplicable'}>
                <Icon name={enabled ? 'check' : 'circleOff'} />
                <span>
                  Deeper check <code>{name}</code>: {enabled ? 'on' : 'off (WORKFLOW_CHECKS)'}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}
