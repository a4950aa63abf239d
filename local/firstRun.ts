import { messageOf } from './messages';
import { describeRun, type PrintedRun, type PrintStyle } from '../cli/output/runPrinter';

/** Past the app's own limits for a run (120 s) and its cleanup (30 s). */
const answerLimitMs = 160_000;

/**
 * Runs the workflow through its function URL and prints its steps, or why there is no run.
 * @returns did it succeed?
 */
export async function runWorkflowOnce(
  host: { port: number },
  print: (line: string) => void,
  style: PrintStyle,
): Promise<boolean> {
  const path = '/api/runs';
  print(`Running the workflow once: POST http://localhost:${host.port}${path}`);
  let status: number;
  let text: string;
  try {
    // By address: `localhost` may mean ::1 first, where the host does not listen.
    const answer = await fetch(`http://127.0.0.1:${host.port}${path}`, {
      method: 'POST',
      headers: { 'x-ms-client-tracking-id': 'npm-start' },
      signal: AbortSignal.timeout(answerLimitMs),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    // The message of fetch is only "fetch failed"; its cause has the reason.
    const cause = isObject(error) ? (error['cause'] ?? error) : error;
    print(`No answer to POST ${path}: ${messageOf(cause)}`);
    return false;
  }
  const body = parseJson(text);
  if (isRun(body)) {
    for (const line of ['', ...describeRun(body, style), '']) print(line);
    return body.status === 'Succeeded';
  }
  print(`POST ${path} answered ${status}${errorText(body) ?? adviceFor(status)}`);
  return false;
}

function isRun(body: unknown): body is PrintedRun {
  return (
    isObject(body) &&
    typeof body['id'] === 'string' &&
    typeof body['status'] === 'string' &&
    (body['actions'] === undefined || Array.isArray(body['actions']))
  );
}

/** `{ "error": { code, message, target?, details? } }` as text. */
function errorText(body: unknown): string | undefined {
  const error = isObject(body) ? body['error'] : undefined;
  if (!isObject(error) || typeof error['message'] !== 'string') return undefined;
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  const target = textOf(error['target']) && ` (${textOf(error['target'])})`;
  const details = Array.isArray(error['details']) ? error['details'].filter(isObject) : [];
  const lines = details.map((detail) => `\n  ${textOf(detail['target'])}: ${textOf(detail['message'])}`);
  return ` ${textOf(error['code'])}: ${error['message']}${target}${lines.join('')}`;
}

function adviceFor(status: number): string {
  if (status === 404) return ': the app has no function at this URL. Look above for why it was not loaded.';
  return ' without a run. Look above for what the app logged.';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
