import type { Action, CheckRecord, Run, RunError } from '../../src/runs/run';

/** A run as an app answers it, perhaps one of another version: fields that are missing are not printed. */
export type PrintedRun = Pick<Run, 'id' | 'status'> & Partial<Omit<Run, 'actions'>> & { actions?: PrintedAction[] };

export type PrintedAction = Pick<Action, 'name' | 'status'> & Partial<Action>;

export interface PrintStyle {
  colour: boolean;
  /** False: ASCII only. */
  unicode: boolean;
}

export type Colour = 'red' | 'green' | 'yellow' | 'grey' | 'bold';
const colourCodes: Record<Colour, number> = { red: 31, green: 32, yellow: 33, grey: 90, bold: 1 };
const longestValue = 200;

/** Colours and signs only where they are shown as such. */
export function styleFor(
  stream: { isTTY?: boolean },
  environment: Record<string, string | undefined> = process.env,
): PrintStyle {
  const dumb = environment['TERM'] === 'dumb';
  return { colour: stream.isTTY === true && !environment['NO_COLOR'] && !dumb, unicode: !dumb };
}

/** Columns of the lines that show steps. */
export interface StepWidths {
  name: number;
  status: number;
  code: number;
}

/** The lines that show a run: its verdict, then each step with its outputs, retries and errors. */
export function describeRun(run: PrintedRun, style: PrintStyle): string[] {
  const actions = run.actions ?? [];
  const widthOf = (texts: string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const widths = {
    name: widthOf(actions.map(({ name }) => name)),
    status: widthOf(actions.map(({ status }) => status)),
    code: widthOf(actions.map(({ code }) => code ?? '')),
  };
  return [
    describeVerdict(run, style),
    ...actions.flatMap((action) => describeAction(action, widths, style)),
    ...describeEnd(run, style),
  ];
}

/** One line: id, verdict, duration, and where the run worked. */
export function describeVerdict(run: PrintedRun, style: PrintStyle): string {
  const paint = painter(style);
  const took = run.durationMs === undefined ? '' : ` in ${(run.durationMs / 1000).toFixed(1)} s`;
  const via = run.target === 'functions' ? 'through the function URLs' : 'on the connection itself';
  const about = run.connection === undefined ? '' : `  (connection ${plain(run.connection)}, ${via})`;
  const verdict = paint(`${plain(run.status)}${took}`, colourOf(run.status));
  return `${paint(`Run ${plain(run.id)}`, 'bold')}  ${verdict}${about}`;
}

const CLEANUP_LINES: Record<string, string | undefined> = {
  Pending: 'The user that this run made still exists.',
  Unknown: 'ACS may have made a user whose id was not received. Nobody can find it: ACS lists no users.',
};

/** The lines after the steps: the run's error, and what it left. */
export function describeEnd(run: PrintedRun, style: PrintStyle): string[] {
  const paint = painter(style);
  const lines: string[] = [];
  if (run.error) lines.push(paint(`  ${errorText(run.error)}`, run.status === 'Succeeded' ? 'yellow' : 'red'));
  const cleanup = run.status === 'Running' ? undefined : CLEANUP_LINES[run.cleanup ?? ''];
  if (cleanup !== undefined) lines.push(paint(`  ${cleanup}`, 'yellow'));
  if (run.recorded === false) {
    const why = run.recordError ? `: ${errorText(run.recordError)}` : '.';
    lines.push(paint(`  The run was not recorded${why}`, 'yellow'));
  }
  return lines;
}

/** The lines of one step: state, code, duration and retries, then outputs, deeper checks and error. */
export function describeAction(action: PrintedAction, widths: StepWidths, style: PrintStyle): string[] {
  const paint = painter(style);
  const colour = colourOf(action.status);
  const duration = action.durationMs === undefined ? '' : durationText(action.durationMs);
  const columns = [
    plain(action.name).padEnd(widths.name),
    paint(plain(action.status).padEnd(widths.status), colour),
    plain(action.code ?? '').padEnd(widths.code),
    duration.padStart(8),
  ];
  const line = `  ${paint(signOf(action.status, style), colour)} ${columns.join('   ')}${retryText(action.retryHistory ?? [])}`;
  const lines = [line.trimEnd()];
  const rows = flatten(action.outputs);
  const pathWidth = Math.max(12, ...rows.map(([path]) => path.length));
  for (const [path, value] of rows) lines.push(`      ${paint(path.padEnd(pathWidth), 'grey')} ${value}`);
  lines.push(...describeChecks(action.checks ?? [], style));
  if (action.error) lines.push(paint(`      ${errorText(action.error)}`, action.status === 'Skipped' ? 'grey' : 'red'));
  return lines;
}

const CHECK_COLOURS: Record<string, Colour | undefined> = { Passed: 'green', NotApplicable: 'grey' };

/** `name  Passed  what it found`, a line for each check. */
function describeChecks(checks: Pick<CheckRecord, 'name' | 'status' | 'message'>[], style: PrintStyle): string[] {
  const paint = painter(style);
  const width = Math.max(12, ...checks.map(({ name }) => name.length));
  const statusWidth = Math.max(0, ...checks.map(({ status }) => status.length));
  return checks.map(({ name, status, message = '' }) => {
    const shown = paint(plain(status).padEnd(statusWidth), CHECK_COLOURS[status] ?? 'red');
    return `      ${paint(plain(name).padEnd(width), 'grey')} ${shown}  ${shortened(plain(message))}`.trimEnd();
  });
}

/** Outputs as `path  value` rows: `identity.id  8:acs:…`. */
function flatten(value: unknown, path = ''): [path: string, value: string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [[path, shortened(plain(scalarText(value)))]];
  if (isRedactedToken(value)) return [[path, redactedText(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return [[path, shortened(plain(value.map(scalarText).join(', ')))]];
  }
  return Object.entries(value).flatMap(([key, item]) =>
    flatten(item, path === '' ? plain(key) : `${path}.${plain(key)}`),
  );
}

interface RedactedToken {
  redacted: true;
  sha256?: unknown;
  scopes?: unknown;
  expiresOn?: unknown;
}

function isRedactedToken(value: object): value is RedactedToken {
  return 'redacted' in value && value.redacted === true;
}

function redactedText({ sha256, scopes, expiresOn }: RedactedToken): string {
  const parts = [typeof sha256 === 'string' ? `(redacted, sha256 ${plain(sha256)})` : '(redacted)'];
  if (Array.isArray(scopes)) parts.push(`scopes ${plain(scopes.map(scalarText).join(', '))}`);
  if (typeof expiresOn === 'string') parts.push(`expires ${plain(expiresOn)}`);
  return parts.join('   ');
}

function retryText(retries: { code?: string }[]): string {
  if (retries.length === 0) return '';
  const codes = retries.flatMap(({ code }) => (code === undefined ? [] : [plain(code)]));
  const count = `after ${retries.length} ${retries.length === 1 ? 'retry' : 'retries'}`;
  return `   ${count}${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`;
}

function errorText({ code, message }: Partial<RunError>): string {
  return [code, message].flatMap((text) => (text === undefined || text === '' ? [] : [plain(text)])).join(': ');
}

function durationText(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

export function colourOf(status: string): Colour {
  if (status === 'Succeeded') return 'green';
  return status === 'Skipped' ? 'grey' : status === 'Running' ? 'yellow' : 'red';
}

function signOf(status: string, { unicode }: PrintStyle): string {
  if (status === 'Succeeded') return unicode ? '✓' : '+';
  if (status === 'Skipped') return '-';
  return unicode ? '✗' : 'x';
}

export function painter({ colour }: PrintStyle): (text: string, as: Colour) => string {
  return (text, as) => (colour ? `\u001b[${colourCodes[as]}m${text}\u001b[0m` : text);
}

function scalarText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function shortened(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}... (${text.length} characters)` : text;
}

/** One line without control characters: what a service answers must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
