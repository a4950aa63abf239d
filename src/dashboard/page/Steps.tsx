import { useApp } from './app';
import { Bar } from './Bar';
import { durationText, stepTitle } from './format';
import { StatusPill } from './Status';
import { StepCard } from './StepCard';
import type { Run } from './types';

/** The steps that ended, the one that is running, and those that wait; each with its place in the time of the run. */
export function Steps({ run, now }: { run: Run; now: number }) {
  const { workflow } = useApp();
  const isRunning = run.status === 'Running';
  const ends = run.actions.map(({ endTime }) => Date.parse(endTime));
  const from = Date.parse(run.startTime);
  const to = Math.max(from + 1, isRunning ? now : Date.parse(run.endTime ?? run.startTime), ...ends);
  const span = { from, to };
  const known = new Set(run.actions.map(({ name }) => name));
  const toCome = isRunning ? (workflow?.steps ?? []).filter(({ name }) => !known.has(name)) : [];
  return (
    <>
      <div class="timehead">
        <h3>Steps</h3>
        <span aria-hidden="true" class="scale">
          <span>0</span>
          <span>{durationText(to - from)}</span>
        </span>
      </div>
      <ol class="flow" aria-label="Steps">
        {run.actions.map((step) => (
          <StepCard key={step.name} step={step} span={span} />
        ))}
        {toCome.map(({ name }, i) => (
          <li key={`${name} to come`} class={`card step ${i === 0 ? 'Running' : 'Waiting'}`}>
            <div class="head">
              <span class="name">{stepTitle(name)}</span>
              <span class="state">
                {i === 0 ? <StatusPill status="Running" /> : <span class="pill Skipped">Waiting</span>}
              </span>
              {i === 0 && <Bar span={span} from={Math.max(from, ...ends)} to={to} status="Running" />}
            </div>
          </li>
        ))}
      </ol>
      {run.actions.length === 0 && toCome.length === 0 && (
        <p class="quiet">{isRunning ? 'The first step is running.' : 'No step was recorded.'}</p>
      )}
      {isRunning && run.actions.length > 0 && toCome.length === 0 && <p class="quiet">The next step is running.</p>}
    </>
  );
}
