import { setMaxListeners } from 'node:events';
import { AppError } from './errors';

const controller = new AbortController();
// every call in flight adds a listener, which is not a leak: no warning, however many there are
setMaxListeners(0, controller.signal);

/** Aborts when the app is being stopped. */
export const stopSignal: AbortSignal = controller.signal;

/** Stops the app: calls in flight fail with `Stopped` (503). */
export function stopApp(): void {
  controller.abort(new AppError(503, 'Stopped', 'The app is stopping.'));
}
