import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, getStatistics, listRuns, nextRuns } from './api';
import { Filters, NO_FILTERS } from './Filters';
import { durationText, timeText, type Zone } from './format';
import { Overview } from './Overview';
import { Pill } from './Pill';
import type { Run, Statistics, Window } from './types';

const BUSY_POLL_MS = 2_000;
const IDLE_POLL_MS = 15_000;

/** The newest runs that pass the filters, kept up to date, and the statistics above them. */
export function RunList({
  zone,
  onDenied,
  isBusy,
}: {
  zone: Zone;
  onDenied: (error: unknown) => void;
  isBusy: boolean;
}) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const [window, setWindow] = useState<Window>('24h');
  const [runs, setRuns] = useState<Run[]>();
  const [nextLink, setNextLink] = useState<string>();
  const [statistics, setStatistics] = useState<Statistics>();
  const [problem, setProblem] = useState('');
  const [hasMore, setHasMore] = useState(false);
  const latest = useRef(0);

  const failed = (error: unknown) => {
    if (error instanceof ApiError && error.status !== 401) setProblem(error.message);
    else onDenied(error);
  };

  const load = async () => {
    const asked = (latest.current += 1);
    // an answer that comes after a newer question is no answer to it
    const isCurrent = () => asked === latest.current;
    try {
      const page = await listRuns(filters);
      if (!isCurrent()) return;
      setRuns(page.value);
      setNextLink(page.nextLink);
      setProblem('');
    } catch (error) {
      if (isCurrent()) failed(error);
      return;
    }
    // the list is worth showing without them
    const figures = await getStatistics(window).catch(() => undefined);
    if (isCurrent()) setStatistics(figures);
  };

  useEffect(() => {
    setHasMore(false);
    void load();
  }, [filters, window]);

  const isRunning = isBusy || (runs?.some(({ status }) => status === 'Running') ?? false);
  useEffect(() => {
    // whoever has turned pages reads on: what he reads doesn't move
    if (hasMore) return undefined;
    const timer = setInterval(() => document.hidden || void load(), isRunning ? BUSY_POLL_MS : IDLE_POLL_MS);
    return () => clearInterval(timer);
  }, [isRunning, hasMore, filters, window]);

  const more = async () => {
    if (nextLink === undefined) return;
    try {
      const page = await nextRuns(nextLink);
      setHasMore(true);
      setRuns([...(runs ?? []), ...page.value]);
      setNextLink(page.nextLink);
    } catch (error) {
      failed(error);
    }
  };

  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <>
      <Overview statistics={statistics} window={window} zone={zone} onWindow={setWindow} />
      <Filters filters={filters} onChange={setFilters} />
      {problem !== '' && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {runs === undefined && problem === '' && <p class="quiet">Loading…</p>}
      {runs?.length === 0 && (
        <p class="quiet">
          {isFiltered ? 'No run passes these filters.' : 'There are no runs yet. "Run now" makes the first.'}
        </p>
      )}
      {runs !== undefined && runs.length > 0 && (
        <table>
          <caption class="unseen">Runs, newest first</caption>
          <thead>
            <tr>
              {['State', 'Started', 'Duration', 'Trigger', 'Connection', 'Run'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Line key={run.id} run={run} zone={zone} />
            ))}
          </tbody>
        </table>
      )}
      {nextLink !== undefined && (
        <button type="button" onClick={() => void more()}>
          Older runs
        </button>
      )}
    </>
  );
}

function Line({ run, zone }: { run: Run; zone: Zone }) {
  return (
    <tr>
      <td>
        <Pill status={run.status} />
        {run.status !== 'Running' && run.cleanup === 'Pending' && <span class="left">user left behind</span>}
        {run.status !== 'Running' && run.cleanup === 'Unknown' && <span class="left">user possibly left</span>}
      </td>
      <td data-title="Started">{timeText(run.startTime, zone)}</td>
      <td data-title="Duration">{durationText(run.durationMs)}</td>
      <td data-title="Trigger">{run.trigger.name}</td>
      <td data-title="Connection">{run.connection}</td>
      <td class="id">
        <a href={`#/runs/${run.id}`}>{run.id}</a>
      </td>
    </tr>
  );
}
