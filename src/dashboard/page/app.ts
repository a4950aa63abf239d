import { createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { Zone } from './format';
import type { RunOptions, Workflow } from './types';

/** What every part of the page may use. */
export interface App {
  zone: Zone;
  /** Milliseconds since the epoch; it advances every few seconds. */
  now: number;
  /** `undefined`: not answered yet, or the app is older than the route. */
  workflow: Workflow | undefined;
  /** Is a run being started here? */
  isBusy: boolean;
  /** Starts a run and shows it as soon as it is known. Rejects with an ApiError if it can't start. */
  run: (options: RunOptions) => Promise<void>;
  /** The same, with errors shown at the top of the page. */
  runNow: (options: RunOptions) => void;
  /** Opens "Run with…" with these values. */
  runWith: (options: RunOptions) => void;
  /** Shows an error that has no place of its own, and asks for the key if it is missing. */
  fail: (error: unknown) => void;
  notify: (text: string) => void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('The page has no context.');
  return app;
}

/** Calls `work` now, when `key` changes, and then every `everyMs` while the page is visible; `undefined`: not again. */
export function usePolling(work: () => Promise<void>, key: string, everyMs: number | undefined): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => void latest.current(), [key]);
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const look = () => document.hidden || void latest.current();
    const timer = setInterval(look, everyMs);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [everyMs, key]);
}
