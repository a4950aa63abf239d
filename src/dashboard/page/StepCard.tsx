import { useState } from 'preact/hooks';
import { durationText, jsonText, stepTitle } from './format';
import { Pill } from './Pill';
import type { Step } from './types';

/** A step: its state and duration, and on a click what went in and what came out. One that failed is open. */
export function StepCard({ step }: { step: Step }) {
  const [isOpen, setOpen] = useState(step.status !== 'Succeeded' && step.status !== 'Skipped');
  const retries = step.retryHistory?.length ?? 0;
  const id = `step-${step.name}`;
  return (
    <li class={`step ${step.status}`}>
      <button type="button" class="head" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        <span class="name">{stepTitle(step.name)}</span>
        <Pill status={step.status} />
        <span class="took">{step.status === 'Skipped' ? '' : durationText(step.durationMs)}</span>
        {retries > 0 && <span class="retries">{`${retries} ${retries === 1 ? 'retry' : 'retries'}`}</span>}
      </button>
      {step.status === 'Skipped' && <p class="why">{step.error?.message}</p>}
      <div id={id} class="inside" hidden={!isOpen}>
        {step.error !== undefined && step.status !== 'Skipped' && (
          <p class="error">
            <strong>{step.error.code}</strong> {step.error.message}
          </p>
        )}
        <p class="code">Code: {step.code}</p>
        {step.checks?.map(({ name, status, message }) => (
          <p key={name} class="code">
            Check {name}: {status}
            {message === undefined ? '' : `, ${message}`}
          </p>
        ))}
        <Json title="Inputs" value={step.inputs} />
        <Json title="Outputs" value={step.outputs} />
        <Json title="Retry history" value={step.retryHistory} />
        <Json title="Tracking ids" value={step.correlation} />
      </div>
    </li>
  );
}

function Json({ title, value }: { title: string; value: unknown }) {
  if (value === undefined) return null;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <pre tabIndex={0}>{jsonText(value)}</pre>
    </section>
  );
}
