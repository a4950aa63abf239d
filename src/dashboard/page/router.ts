import { useEffect, useState } from 'preact/hooks';
import type { Window } from './types';

export const NO_FILTERS = { status: '', connection: '', clientTrackingId: '', since: '', until: '' };
export type FilterValues = typeof NO_FILTERS;

export type Route =
  { view: 'list'; filters: FilterValues; window: Window } | { view: 'run'; id: string } | { view: 'workflow' };

const FILTER_NAMES = Object.keys(NO_FILTERS) as (keyof FilterValues)[];

/** The link of the list as it was seen last, with its filters. */
let lastList = '#/';
/** The run that was seen last, so that the list can put the focus on its row. */
let lastRun: string | undefined;

/** `#/runs/ID` is a run, `#/workflow` the workflow, everything else the list, with its filters in a query. */
export function routeOf(hash: string): Route {
  const id = /^#\/runs\/([^?]+)$/.exec(hash)?.[1];
  if (id !== undefined) return { view: 'run', id };
  if (hash === '#/workflow') return { view: 'workflow' };
  const query = new URLSearchParams(hash.split('?')[1] ?? '');
  const filters = { ...NO_FILTERS };
  for (const name of FILTER_NAMES) filters[name] = query.get(name) ?? '';
  const window = query.get('window');
  return { view: 'list', filters, window: window === '7d' || window === '30d' ? window : '24h' };
}

export function listHash(filters: FilterValues, window: Window): string {
  const query = new URLSearchParams(
    FILTER_NAMES.filter((name) => filters[name] !== '').map((name) => [name, filters[name]]),
  );
  if (window !== '24h') query.set('window', window);
  const text = query.toString();
  return text === '' ? '#/' : `#/?${text}`;
}

export const runHash = (id: string): string => `#/runs/${id}`;
export const lastListHash = (): string => lastList;

/** The run whose row gets the focus, once. */
export function takeLastRun(): string | undefined {
  const id = lastRun;
  lastRun = undefined;
  return id;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => remembered(routeOf(location.hash)));
  useEffect(() => {
    const onHash = () => setRoute(remembered(routeOf(location.hash)));
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  return route;
}

function remembered(route: Route): Route {
  if (route.view === 'list') lastList = listHash(route.filters, route.window);
  if (route.view === 'run') lastRun = route.id;
  return route;
}
