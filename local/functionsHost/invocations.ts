import { randomUUID } from 'node:crypto';
import type { AppFunction } from './functionTable';
import type { HostConsole } from './hostConsole';
import type { Answer, Call } from './ipc';

export const CALLED_BY_PROGRAM = 'This function was programmatically called via the host APIs.';

/** Calls functions, and logs the begin and the end of each call. */
export class Invocations {
  private readonly running = new Set<string>();

  /** @param callApp calls the app's process; never rejects */
  constructor(
    private readonly console: HostConsole,
    private readonly callApp: (call: Call) => Promise<Answer>,
  ) {}

  get count(): number {
    return this.running.size;
  }

  isRunning(invocationId: string): boolean {
    return this.running.has(invocationId);
  }

  /** @param input the trigger's data; an HTTP function can't be called without a request */
  async invoke(entry: AppFunction, input?: object, reason = CALLED_BY_PROGRAM, details?: string): Promise<Answer> {
    const id = randomUUID();
    const name = `Functions.${entry.name}`;
    const startedAt = performance.now();
    const triggerDetails = details === undefined ? '' : `\nTrigger Details: ${details}`;
    this.console.report(`Executing '${name}' (Reason='${reason}', Id=${id})${triggerDetails}`);

    this.running.add(id);
    const error = entry.error ?? (input === undefined ? 'An HTTP function can be called only at its URL.' : undefined);
    const answer =
      error === undefined
        ? await this.callApp({ id, functionId: entry.id, input: input ?? {} })
        : { failure: { message: error } };
    this.running.delete(id);

    this.reportEnd(name, id, Math.round(performance.now() - startedAt), answer);
    return answer;
  }

  private reportEnd(name: string, id: string, durationMs: number, { failure }: Answer): void {
    const result = failure ? 'Failed' : 'Succeeded';
    this.console.report(`Executed '${name}' (${result}, Id=${id}, Duration=${durationMs}ms)`, Boolean(failure));
    if (!failure) return;
    const lines = [
      `Exception while executing function: ${name}. Result: Failure`,
      `Exception: ${failure.message}`,
      `Stack: ${failure.stack ?? ''}`,
    ];
    this.console.report(lines.join('\n'), true);
  }
}
