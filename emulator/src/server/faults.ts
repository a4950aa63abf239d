import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Answer } from '../answer';
import type { Fault } from '../api';
import { OPERATION_NAMES, type OperationName } from '../operationNames';

const FIELDS = ['operation', 'count', 'delayMs', 'status', 'body', 'headers', 'contentType', 'reset'];
const LONGEST_DELAY_MS = 600_000;
const MOST_FAULTS = 1000;

/** The faults to come, in the order in which they were added. */
export class FaultList {
  private readonly waiting: { fault: Fault; left: number }[] = [];

  /** @throws TypeError that names what is wrong with the fault */
  add(fault: unknown): void {
    if (this.waiting.length >= MOST_FAULTS) throw new TypeError(`There are ${MOST_FAULTS} faults already.`);
    const checked = checkFault(fault);
    this.waiting.push({ fault: checked, left: checked.count ?? 1 });
  }

  clear(): void {
    this.waiting.length = 0;
  }

  /** Those still to come, with the number of calls that are left for each as `count`. */
  list(): Fault[] {
    return this.waiting.map(({ fault, left }) => ({ ...structuredClone(fault), count: left }));
  }

  /** The fault for a call of this operation, if there is one; used up by that. */
  take(operation: OperationName): Fault | undefined {
    if (this.waiting.length === 0) return undefined;
    const index = this.waiting.findIndex(({ fault }) => (fault.operation ?? operation) === operation);
    const found = this.waiting[index];
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.waiting.splice(index, 1);
    return found.fault;
  }
}

/** The answer that a fault gives instead of the operation's, or undefined when it leaves the answer alone. */
export function faultAnswer({ status, body, headers = {}, contentType }: Fault): Answer | undefined {
  if (status === undefined) return undefined;
  const answer = { status, headers, reportsVersions: false, isFault: true };
  if (status === 204 || status === 304) return answer;
  if (body === undefined && status === 502) {
    return { ...answer, body: BAD_GATEWAY_PAGE, contentType: contentType ?? 'text/html' };
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? defaultBody(status));
  return { ...answer, body: text, contentType: contentType ?? 'application/json' };
}

/** Gateways answer so, in the middle of an API that has only JSON. */
const BAD_GATEWAY_PAGE =
  '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>';

function defaultBody(status: number): object {
  const code = status === 429 ? 'TooManyRequests' : status === 503 ? 'ServiceUnavailable' : 'InjectedFault';
  return { error: { code, message: `The identity emulator was told to answer ${status}.` } };
}

function checkFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('A fault is an object.');
  const unknown = Object.keys(value).filter((name) => !FIELDS.includes(name));
  if (unknown.length > 0) refuse(`A fault has no field ${unknown.join(', ')}; it has ${FIELDS.join(', ')}.`);
  const fault = value as { [Name in keyof Fault]: unknown };
  if (fault.operation !== undefined && !(OPERATION_NAMES as readonly unknown[]).includes(fault.operation)) {
    refuse(`operation is one of ${OPERATION_NAMES.join(', ')}.`);
  }
  checkInteger('count', fault.count, 1, Number.MAX_SAFE_INTEGER);
  checkInteger('delayMs', fault.delayMs, 0, LONGEST_DELAY_MS);
  checkInteger('status', fault.status, 200, 599);
  if (fault.reset !== undefined && fault.reset !== 'before' && fault.reset !== 'after') {
    refuse("reset is 'before' or 'after'.");
  }
  if (fault.reset !== undefined && fault.status !== undefined) refuse('A fault has status or reset, not both.');
  if (fault.status === undefined && [fault.body, fault.headers, fault.contentType].some((part) => part !== undefined)) {
    refuse('body, headers and contentType go with a status.');
  }
  checkHeaders({ ...(fault.headers ?? {}), 'content-type': fault.contentType ?? '' });
  return structuredClone(value);
}

function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    refuse(`${name} is a whole number from ${min} to ${max}.`);
  }
}

function checkHeaders(headers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') refuse('headers is an object of texts, contentType a text.');
    validateHeaderName(name);
    validateHeaderValue(name, value);
    if (/^(content-length|transfer-encoding)$/i.test(name)) refuse(`headers cannot set ${name}.`);
  }
}

function refuse(message: string): never {
  throw new TypeError(message);
}
