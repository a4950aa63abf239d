import type { AppFunction } from './functionTable';
import type { LogEntry } from './ipc';

const RED = '\u001B[31m';
const PLAIN = '\u001B[0m';

/** What a person sees of the host, in the format of `func`. */
export class HostConsole {
  private readonly hasColors = process.stdout.isTTY && !process.env['NO_COLOR'];
  private shownList = '';

  /** @param write takes one line */
  constructor(private readonly write: (line: string) => void) {}

  /** Writes the time, in UTC, before every line of a message. */
  report(message: string, isError = false): void {
    for (const line of message.split(/\r?\n/)) {
      const text = isError && this.hasColors ? RED + line + PLAIN : line;
      this.write(`[${new Date().toISOString()}] ${text}`);
    }
  }

  /** Shows what functions log from `information` on, and what the platform logs from `warning` on. */
  showLogEntry({ level, category, message }: LogEntry): void {
    const shownLevels = ['warning', 'error', 'critical'];
    if (category === 'user') shownLevels.push('information');
    if (shownLevels.includes(level)) this.report(message, level !== 'information');
  }

  /**
   * Lists the functions, unless the same list was shown last, and reports those in error.
   * @param functions `undefined` if the host could not start
   * @param isBroken was an error reported because of which there are none?
   */
  showFunctions(functions: AppFunction[] | undefined, isBroken: boolean): void {
    if (functions === undefined || functions.length === 0) {
      const status = functions === undefined ? 503 : 404;
      const reason = isBroken ? ' until the error above is corrected' : ', because the app registers none';
      this.shownList = '';
      this.report(`No functions: every call gets ${status}${reason}.`, true);
      return;
    }
    const lines = ['', 'Functions:', ''];
    for (const { name, methods, url, trigger } of functions) {
      lines.push(`\t${name}: ${methods ? `[${methods.join(',')}] ${url}` : trigger.type}`, '');
    }
    for (const { name, disabled } of functions) if (disabled) lines.push(`Function ${name} is disabled.`);

    const list = lines.join('\n');
    if (list !== this.shownList) for (const line of lines) this.write(line);
    this.shownList = list;

    for (const { name, error } of functions) {
      if (error !== undefined) this.report(`The '${name}' function is in error: ${error}`, true);
    }
  }
}
