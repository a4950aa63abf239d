import { useRef, useState } from 'preact/hooks';
import { mergedList } from './answered';
import { ApiError, getStatistics, listRuns, nextRuns } from './api';
import { useApp, usePolling } from './app';
import { NO_FILTERS, type FilterValues } from './router';
import type { Run, Statistics, Window } from './types';

/** Runs of the strip, and of a page of the list. */
export const STRIP = 60;
const BUSY_POLL_MS = 2_000;
const IDLE_POLL_MS = 15_000;
/** The long windows change slowly, and are read less often. */
const LONG_WINDOW_MS = 60_000;
/** The first rows wait this long for the figures above them, so that nothing moves when these come. */
const FIGURES_WAIT_MS = 150;
/** After this time the page says that it waits. */
const WAITING_MS = 1_000;
const WINDOWS: readonly Window[] = ['24h', '7d', '30d'];

interface Figures {
  value: Statistics;
  /** When it was read, in milliseconds since the epoch. */
  at: number;
}

export interface ListData {
  /** What the runs and the figures were asked for. */
  key: string;
  runs?: Run[];
  /** The newest runs, whatever the filters are, but of the chosen connection. */
  strip?: Run[];
  nextLink?: string | undefined;
  figures: Partial<Record<Window, Figures>>;
  error?: ApiError | undefined;
  /** When the runs were read, in milliseconds since the epoch. */
  at?: number;
  isWaiting?: boolean;
  /** Was another page read? Then the rows stay as they are. */
  hasMore?: boolean;
}

/** What the list showed last: who comes back sees it at once. */
let last: ListData | undefined;

const sleep = (ms: number) => new Promise<undefined>((done) => setTimeout(() => done(undefined), ms));

/** The newest runs that pass the filters, and the figures, kept up to date. */
export function useRuns(filters: FilterValues, window: Window): { data: ListData; readMore: () => Promise<void> } {
  const { fail, isBusy } = useApp();
  const key = JSON.stringify(filters);
  const [state, setState] = useState<ListData>(() => last ?? { key, figures: {} });
  const latest = useRef(0);
  const { connection } = filters;
  const isPlain = key === JSON.stringify(NO_FILTERS);
  const isOfConnection = key === JSON.stringify({ ...NO_FILTERS, connection });

  // runs of other filters are not shown; figures only depend on the connection
  const data: ListData = state.key === key ? state : emptied(state, key, connection);
  const current = useRef(data);
  current.current = data;
  const update = (change: Partial<ListData>) => {
    last = { ...current.current, ...change };
    current.current = last;
    setState(last);
  };

  const readFigures = async (name: Window, isCurrent: () => boolean) => {
    const value = await getStatistics(name, connection);
    if (isCurrent()) update({ figures: { ...current.current.figures, [name]: { value, at: Date.now() } } });
  };

  const load = async () => {
    const asked = (latest.current += 1);
    // an answer that comes after a newer question is no answer to it
    const isCurrent = () => asked === latest.current;
    const waiting = setTimeout(() => isCurrent() && update({ isWaiting: true }), WAITING_MS);
    const isFirst = current.current.runs === undefined;
    try {
      const daily = readFigures('24h', isCurrent);
      // awaited below, unless the list fails first
      daily.catch(() => undefined);
      const top = String(STRIP);
      const strip = isOfConnection ? undefined : listRuns({ connection, top });
      const page = await listRuns({ ...filters, top });
      const stripRuns = strip && (await strip).value;
      if (isFirst) await Promise.race([daily.catch(() => undefined), sleep(FIGURES_WAIT_MS)]);
      if (!isCurrent()) return;
      const runs = mergedList(page.value, isPlain);
      update({
        key,
        strip: mergedList(stripRuns ?? page.value, isPlain),
        ...(current.current.hasMore ? {} : { runs, nextLink: page.nextLink }),
        at: Date.now(),
        error: undefined,
      });
      await daily;
      const isOld = (name: Window) => Date.now() - (current.current.figures[name]?.at ?? 0) > LONG_WINDOW_MS;
      await Promise.all(
        WINDOWS.filter((name) => name !== '24h' && isOld(name)).map((name) => readFigures(name, isCurrent)),
      );
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof ApiError && error.status !== 401)
        update({ key, error, ...withAnswered(current.current, isPlain) });
      else fail(error);
    } finally {
      clearTimeout(waiting);
      if (isCurrent()) update({ isWaiting: false });
    }
  };

  const isRunning = isBusy || (data.strip ?? []).some(({ status }) => status === 'Running');
  usePolling(load, `${key} ${window} ${isBusy}`, isRunning ? BUSY_POLL_MS : IDLE_POLL_MS);

  const readMore = async () => {
    if (data.nextLink === undefined) return;
    try {
      const page = await nextRuns(data.nextLink);
      update({ hasMore: true, runs: [...(data.runs ?? []), ...page.value], nextLink: page.nextLink });
    } catch (error) {
      fail(error);
    }
  };
  return { data, readMore };
}

/** Without the history, the runs that were answered here are the only ones that are known. */
function withAnswered({ runs }: ListData, isPlain: boolean): Partial<ListData> {
  const answered = mergedList(runs ?? [], isPlain);
  return answered.length === 0 ? {} : { runs: answered };
}

function emptied(state: ListData, key: string, connection: string): ListData {
  const before = JSON.parse(state.key) as FilterValues;
  if (before.connection !== connection) return { key, figures: {} };
  return { key, figures: state.figures, ...(state.strip ? { strip: state.strip } : {}) };
}
