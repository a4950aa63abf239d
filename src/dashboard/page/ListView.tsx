import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from './app';
import { DurationChart } from './DurationChart';
import { Filters } from './Filters';
import { Heartbeats } from './Heartbeats';
import { Hero, HeroSkeleton } from './Hero';
import { Icon } from './Icon';
import { LoadProblem, Notice, StillWaiting } from './Problem';
import { listHash, NO_FILTERS, takeLastRun, type FilterValues } from './router';
import { RowSkeletons, RunRow } from './RunRow';
import type { Window } from './types';
import { Uptime } from './Uptime';
import { useRuns, type ListData } from './useRuns';

/** Rows that are shown first, and with each click. */
const PAGE = 30;

/** Is it fine now, what happened: state, newest runs, uptime, durations, and the list of runs. */
export function ListView({ filters, window }: { filters: FilterValues; window: Window }) {
  const { now } = useApp();
  const { data, readMore } = useRuns(filters, window);
  const { figures, strip, error, at } = data;
  const daily = figures['24h']?.value;
  const shown = figures[window]?.value;
  const isStale = error !== undefined;
  const [isWide] = useState(() => matchMedia('(min-width: 768px)').matches);
  const go = (nextFilters: FilterValues, nextWindow = window) => {
    location.hash = listHash(nextFilters, nextWindow);
  };
  useTitle(error ? undefined : daily?.connections?.map(({ state }) => state));

  if (daily === undefined && data.runs === undefined && error === undefined) {
    return <ListSkeleton isWaiting={data.isWaiting === true} />;
  }
  return (
    <>
      {error !== undefined && <LoadProblem error={error} at={at} />}
      {error === undefined && data.isWaiting && <StillWaiting />}
      {!(isStale && daily === undefined) && (
        <div class={isStale ? 'overview stale' : 'overview'}>
          <section class="card health" aria-label="State">
            {daily === undefined ? <HeroSkeleton /> : <Hero statistics={daily} newest={strip?.[0]} now={now} />}
            <Heartbeats runs={strip} />
          </section>
          <section class="card figures" aria-label="Uptime and durations">
            <Uptime figures={figures} window={window} onWindow={(name) => go(filters, name)} />
            <details open={isWide}>
              <summary>Durations</summary>
              <DurationChart {...(shown ? { statistics: shown } : {})} newest={strip ?? []} />
            </details>
          </section>
        </div>
      )}
      {!(isStale && data.runs === undefined) && (
        <section class={isStale ? 'stale' : ''} aria-label="Runs">
          <Filters filters={filters} onChange={(values) => go(values)} />
          <Rows data={data} filters={filters} onClear={() => go(NO_FILTERS)} onMore={() => void readMore()} />
        </section>
      )}
    </>
  );
}

/** Nothing of it stays when the answer comes, so nothing moves then. */
function ListSkeleton({ isWaiting }: { isWaiting: boolean }) {
  return (
    <div key="skeleton">
      {isWaiting && <StillWaiting />}
      <div class="overview">
        <div class="card health">
          <HeroSkeleton />
          <Heartbeats runs={undefined} />
        </div>
        <div class="card figures bones" />
      </div>
      <RowSkeletons />
    </div>
  );
}

function Rows(props: { data: ListData; filters: FilterValues; onClear: () => void; onMore: () => void }) {
  const { data, filters, onClear, onMore } = props;
  const { runNow, isBusy } = useApp();
  const list = useRef<HTMLOListElement>(null);
  const isFiltered = Object.values(filters).some((value) => value !== '');
  const { runs } = data;
  const [shownCount, setShownCount] = useState(PAGE);
  const isThere = runs !== undefined;
  useEffect(() => {
    const id = isThere ? takeLastRun() : undefined;
    if (id !== undefined) list.current?.querySelector<HTMLElement>(`a[href$="${CSS.escape(id)}"]`)?.focus();
  }, [isThere]);

  if (runs === undefined) return data.error === undefined ? <RowSkeletons /> : null;
  if (runs.length === 0) {
    return isFiltered ? (
      <Notice tone="quiet" icon="filter">
        <h2>No run matches these filters</h2>
        <p>
          <button type="button" onClick={onClear}>
            Clear filters
          </button>
        </p>
      </Notice>
    ) : (
      <Notice tone="quiet" icon="play">
        <h2>There are no runs yet</h2>
        <p>
          A run creates a user in ACS, issues a token, revokes it, and deletes the user. The schedule starts runs by
          itself.
        </p>
        <p>
          <button type="button" disabled={isBusy} onClick={() => runNow({})}>
            Start the first run
          </button>
        </p>
      </Notice>
    );
  }
  return (
    <>
      <div class="card rows">
        <div class="row head" aria-hidden="true">
          {['Status', 'Started', 'Steps', 'Problem', 'Duration', 'Trigger', 'Connection', 'Run'].map((title) => (
            <span key={title} class={`cell-${title.split(' ')[0]?.toLowerCase()}`}>
              {title}
            </span>
          ))}
        </div>
        <ol ref={list} aria-label="Runs, newest first">
          {runs.slice(0, shownCount).map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </ol>
      </div>
      {(runs.length > shownCount || data.nextLink !== undefined) && (
        <button
          type="button"
          class="more"
          onClick={() => {
            setShownCount(shownCount + PAGE);
            if (runs.length < shownCount + PAGE) onMore();
          }}
        >
          <Icon name="chevronDown" /> Older runs
        </button>
      )}
    </>
  );
}

function useTitle(states: readonly string[] | undefined): void {
  const worst = ['Failing', 'Overdue', 'Slow'].find((state) => states?.includes(state));
  useEffect(() => {
    document.title = worst === undefined ? 'ACS identity runs' : `${worst} · ACS identity runs`;
  }, [worst]);
}
