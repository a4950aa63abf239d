import type { ComponentChildren } from 'preact';
import { useApp } from './app';
import { cleanupOf, cleanupText } from './describe';
import { durationText, timeText } from './format';
import { Icon } from './Icon';
import type { Run } from './types';

/** What started the run, and where it ran: the first card, as the trigger is in the designer. */
export function RunFacts({ run }: { run: Run }) {
  const { zone } = useApp();
  const { trigger, connection, correlation } = run;
  const isTimer = trigger.kind === 'Timer';
  const cleanup = cleanupOf(run);
  return (
    <section class="card trigger" aria-label="Trigger">
      <div class="head">
        <span class="mark-icon">
          <Icon name={isTimer ? 'clock' : 'play'} size={18} />
        </span>
        <h3>{trigger.name}</h3>
        <span class="kind">
          {isTimer ? 'started by the schedule' : trigger.kind === 'Cli' ? 'started by a command' : 'started over HTTP'}
        </span>
      </div>
      <dl class="facts">
        {trigger.scheduledTime !== undefined && (
          <Fact name="Scheduled for">
            {timeText(trigger.scheduledTime, zone)}, started {lateText(run.startTime, trigger.scheduledTime)}
            {trigger.isPastDue ? ' (past due)' : ''}
          </Fact>
        )}
        <Fact name="Connection">{connection}</Fact>
        <Fact name="Steps call">{run.target === 'functions' ? 'the functions, by their URLs' : 'ACS'}</Fact>
        <Fact
          name="Cleanup"
          tone={run.status !== 'Running' && (cleanup === 'Pending' || cleanup === 'Unknown') ? 'bad' : undefined}
        >
          {cleanupText(run)}
        </Fact>
        <Fact name="Run id">
          <span class="id">{run.id}</span>
        </Fact>
        {correlation.clientTrackingId !== run.id && <Fact name="Tracking id">{correlation.clientTrackingId}</Fact>}
        {correlation.traceId !== undefined && (
          <Fact name="Trace id">
            <span class="id">{correlation.traceId}</span>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function lateText(start: string, scheduled: string): string {
  const ms = Date.parse(start) - Date.parse(scheduled);
  return ms < 1000 ? 'on time' : `${durationText(ms)} late`;
}

function Fact({ name, tone, children }: { name: string; tone?: string | undefined; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={tone}>{children}</dd>
    </div>
  );
}
