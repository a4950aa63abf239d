import { HOST_STORAGE_SETTINGS, readSchedule, type Schedule } from '../../src/base/schedule';
import { settingOf, type HostJson } from './hostSettings';
import type { Binding, FunctionMetadata } from './ipc';
import { compileRoute, type RouteMatcher } from './routes';

/** A function as the host lists it. */
export interface HostedFunction {
  name: string;
  type: 'http' | 'timer';
  disabled: boolean;
  /** Why it can't be called. */
  error?: string;
  /** HTTP functions only. An empty list means all methods. */
  methods?: string[];
  url?: string;
  authLevel?: string | undefined;
  /** Timers only. */
  schedule?: string;
}

/** A function with what the host needs to call it. */
export interface AppFunction extends HostedFunction {
  id: string;
  trigger: Binding;
  /** HTTP functions only: prefix and route, like /api/users/{userId}. */
  path?: string;
  /** HTTP functions without an error. */
  match?: RouteMatcher;
  /** Timers without an error. */
  timing?: Schedule;
  /** The timer can't start, because the storage for its state is not set. */
  lacksStorage?: boolean;
}

const NO_TRIGGER: Binding = { type: 'none' };

/**
 * All functions, sorted by name: in this order their routes are tried.
 * @param url of the host
 * @throws an error if one of the functions would stop the whole host
 */
export function buildFunctionTable(
  registered: FunctionMetadata[],
  hostJson: HostJson,
  url: string,
  environment: NodeJS.ProcessEnv,
): AppFunction[] {
  const sorted = registered.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const table: AppFunction[] = [];
  for (const metadata of sorted) {
    if (table.some((earlier) => keyOf(earlier) === keyOf(metadata))) {
      throw new Error(`Two functions are named '${metadata.name}'.`);
    }
    const entry = describeFunction(metadata, environment);
    if (entry.trigger.type === 'httpTrigger') prepareHttpFunction(entry, hostJson, url, table);
    else prepareTimer(entry, environment);
    table.push(entry);
  }
  return table;
}

/** Names differ in more than case. */
function keyOf({ name }: { name: string }): string {
  return name.toUpperCase();
}

function describeFunction(metadata: FunctionMetadata, environment: NodeJS.ProcessEnv): AppFunction {
  const { name, functionId: id = name, bindings } = metadata;
  const isSet = (setting: string): boolean => /^(1|true)$/i.test(settingOf(environment, setting) ?? '');
  return {
    id,
    name,
    type: 'timer',
    disabled: isSet(`AzureWebJobs.${name}.Disabled`) || isSet(`AzureWebJobs_${name}_Disabled`),
    trigger: Object.values(bindings).find(({ type }) => /trigger$/i.test(type)) ?? NO_TRIGGER,
  };
}

function prepareHttpFunction(entry: AppFunction, hostJson: HostJson, hostUrl: string, earlier: AppFunction[]): void {
  const { trigger, name } = entry;
  const prefix = hostJson.extensions?.http?.routePrefix ?? 'api';
  const path = [prefix, trigger.route || name].filter((part) => part !== '').join('/');
  entry.type = 'http';
  entry.methods = (trigger.methods ?? []).map((method) => method.toUpperCase());
  entry.authLevel = trigger.authLevel;
  entry.path = `/${path}`;
  entry.url = hostUrl + entry.path;

  const error = routeError(entry, earlier);
  if (error === undefined) entry.match = compileRoute(path);
  else entry.error = error;
}

function routeError({ name, url, methods = [], trigger }: AppFunction, earlier: AppFunction[]): string | undefined {
  const isReserved = /^(admin|runtime)/i.test(trigger.route || name);
  if (isReserved) return 'The specified route conflicts with one or more built in routes.';

  const sharesMethod = ({ methods: others = [] }: AppFunction): boolean =>
    methods.length === 0 || others.length === 0 || methods.some((method) => others.includes(method));
  const rival = earlier.find(
    (other) => other.match && other.url?.toLowerCase() === url?.toLowerCase() && sharesMethod(other),
  );
  return rival && `The route specified conflicts with the route defined by function '${rival.name}'.`;
}

function prepareTimer(entry: AppFunction, environment: NodeJS.ProcessEnv): void {
  const { type, schedule: template = '' } = entry.trigger;
  if (type !== 'timerTrigger') {
    entry.error =
      type === NO_TRIGGER.type ? 'It has no trigger.' : `This host does not support functions with a ${type}.`;
    return;
  }
  const schedule = template.replace(/%([^%]+)%/g, (text, name: string) => settingOf(environment, name) ?? text);
  entry.schedule = schedule;
  const unresolved = /%[^%]+%/.exec(schedule)?.[0];
  if (unresolved !== undefined) {
    entry.error = `'${unresolved}' does not resolve to a value.`;
    return;
  }
  const timeZone = environment['TZ'] === process.env['TZ'] ? undefined : environment['TZ'];
  const timing = readSchedule(schedule, timeZone);
  if (!timing) {
    entry.error = `The schedule expression '${schedule}' was not recognized as a valid cron expression or timespan string.`;
    return;
  }
  entry.timing = timing;
  entry.lacksStorage = timing.needsStorage && !HOST_STORAGE_SETTINGS.some((name) => settingOf(environment, name));
}
