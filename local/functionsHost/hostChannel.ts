// What the app's process sends to the host.
import { hookContext, hooksOf, type Scope } from './hooks';
import type { MessageFromApp } from './ipc';

/** @param onSent is called when the message was handed over */
export function sendToHost(message: MessageFromApp, onSent?: () => void): void {
  process.send?.(message, undefined, {}, onSent);
}

/** Sends a log line, after the app's log hooks, which may change what functions log. */
export function sendLog(scope: Scope, level: string, category: string, message: string): void {
  const context = hookContext(scope, { level, message }, { category });
  for (const hook of hooksOf('log') ?? []) {
    try {
      hook(context);
    } catch {
      // An error in a hook must not lose the line.
    }
  }
  const isUserLog = category === 'user';
  sendToHost({
    type: 'log',
    level: isUserLog ? context.level : level,
    message: isUserLog ? context.message : message,
    category,
    invocationId: scope.invocationId,
  });
}
