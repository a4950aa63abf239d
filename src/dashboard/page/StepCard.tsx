import { useState } from 'preact/hooks';
import { useApp } from './app';
import { Bar, type Span } from './Bar';
import { clockText, countText, durationText, stepTitle } from './format';
import { Fields } from './Fields';
import { Icon, type IconName } from './Icon';
import { StatusPill } from './Status';
import type { Step } from './types';

const CHECK_ICONS: Record<NonNullable<Step['checks']>[number]['status'], IconName> = {
  Passed: 'check',
  Failed: 'x',
  NotApplicable: 'skip',
};

/** A step: its state, duration and place in time, and on a click what went in and what came out. One that failed is open. */
export function StepCard({ step, span }: { step: Step; span: Span }) {
  const [isOpen, setOpen] = useState(step.status !== 'Succeeded' && step.status !== 'Skipped');
  const retries = step.retryHistory?.length ?? 0;
  const id = `step-${step.name}`;
  const isSkipped = step.status === 'Skipped';
  return (
    <li class={`card step ${step.status}`} id={`card-${step.name}`}>
      <button type="button" class="head" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        <span class="name">
          {stepTitle(step.name)}{' '}
          {retries > 0 && <span class="mark warn">{countText(retries, 'retry', 'retries')}</span>}
        </span>
        <span class="state">
          <StatusPill status={step.status} />
        </span>
        <span class="took">{isSkipped ? '' : durationText(step.durationMs)}</span>
        <Icon name={isOpen ? 'chevronDown' : 'chevronRight'} />
        {!isSkipped && (
          <Bar span={span} from={Date.parse(step.startTime)} to={Date.parse(step.endTime)} status={step.status} />
        )}
      </button>
      {isSkipped && step.error !== undefined && <p class="why">{step.error.message}</p>}
      <div id={id} class="inside" hidden={!isOpen}>
        {isOpen && <Inside step={step} />}
      </div>
    </li>
  );
}

function Inside({ step }: { step: Step }) {
  const { error, checks = [], retryHistory = [] } = step;
  return (
    <>
      {error !== undefined && step.status !== 'Skipped' && (
        <div class="error">
          <p>
            <code>{error.code}</code>
            {step.code !== error.code && <span> · the step ended {step.code}</span>}
          </p>
          <p class="message">{error.message}</p>
        </div>
      )}
      {error === undefined && <p class="code">Ended {step.code}</p>}
      {checks.length > 0 && (
        <div role="group" aria-label="Checks">
          <h4>Deeper checks</h4>
          <ul class="checks">
            {checks.map(({ name, status, message, durationMs }) => (
              <li key={name} class={status}>
                <Icon name={CHECK_ICONS[status]} />
                <span>
                  <b>{name}</b> {status === 'NotApplicable' ? 'does not apply' : status.toLowerCase()}
                  {message !== undefined && `: ${message}`} <span class="quiet">{durationText(durationMs)}</span>
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {retryHistory.length > 0 && <Retries attempts={retryHistory} />}
      <Fields title="Inputs" value={step.inputs} />
      <Fields title="Outputs" value={step.outputs} />
      <Fields title="Tracking ids" value={step.correlation} />
    </>
  );
}

/** Attempts that failed and were retried. */
function Retries({ attempts }: { attempts: NonNullable<Step['retryHistory']> }) {
  const { zone, now } = useApp();
  return (
    <div role="group" aria-label="Retry history">
      <h4>Retry history</h4>
      <ol class="attempts">
        {attempts.map(({ startTime, endTime, code, error, serviceRequestId }, i) => (
          <li key={startTime}>
            <p>
              <b>Attempt {i + 1}</b> <code>{code}</code>{' '}
              <span class="quiet">
                {clockText(startTime, zone, now, true)}, {durationText(Date.parse(endTime) - Date.parse(startTime))}
              </span>
            </p>
            {error !== undefined && (
              <p class="message">
                {error.code !== code && `${error.code}: `}
                {error.message}
              </p>
            )}
            {serviceRequestId !== undefined && <p class="id quiet">MS-CV {serviceRequestId}</p>}
          </li>
        ))}
      </ol>
    </div>
  );
}
