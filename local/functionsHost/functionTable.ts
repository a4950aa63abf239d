import { HOST_STORAGE_SETTINGS, readSchedule, type Schedule } from '../../src/base/schedule';
import type { HostedFunction } from './hostedFunction';
import { settingOf, type HostJson } from './hostSettings';
import type { Binding, FunctionMetadata } from './ipc';
import { compileRoute, type Matcher } from './routes';

/** `match` and `timing` are there when the function has no error. `lacksStorage`: the timer can't start. */
type Parts = { id: string; trigger: Binding; match?: Matcher; timing?: Schedule; lacksStorage?: boolean };
export type AppFunction = HostedFunction & Parts;

/** All functions by name, the order in which their routes are tried. Throws when one of them stops the whole host. */
export function functionTable(all: FunctionMetadata[], hostJson: HostJson, url: string, env: NodeJS.ProcessEnv) {
  const isSet = (name: string): boolean => /^(1|true)$/i.test(settingOf(env, name) ?? '');
  const keyOf = ({ name }: { name: string }): string => name.toUpperCase();
  const table: AppFunction[] = [];
  for (const { name, functionId: id = name, bindings } of all.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))) {
    const trigger = Object.values(bindings).find(({ type }) => /trigger$/i.test(type)) ?? { type: 'none' };
    const disabled = isSet(`AzureWebJobs.${name}.Disabled`) || isSet(`AzureWebJobs_${name}_Disabled`);
    const entry: AppFunction = { id, name, type: 'timer', disabled, trigger };
    if (table.some((earlier) => keyOf(earlier) === keyOf(entry))) throw new Error(`Two functions are named '${name}'.`);
    const path = [hostJson.extensions?.http?.routePrefix ?? 'api', trigger.route || name].filter(Boolean).join('/');
    if (trigger.type === 'httpTrigger') {
      const methods = (trigger.methods ?? []).map((method) => method.toUpperCase());
      Object.assign(entry, { type: 'http', methods, authLevel: trigger.authLevel, url: `${url}/${path}` });
    }
    const error = entry.type === 'http' ? routeError(entry, table) : prepareTimer(entry, env);
    if (error) entry.error = error;
    else if (entry.type === 'http') entry.match = compileRoute(path);
    table.push(entry);
  }
  return table;
}

function routeError({ name, url, methods = [], trigger }: AppFunction, earlier: AppFunction[]): string | undefined {
  const isReserved = /^(admin|runtime)/i.test(trigger.route || name);
  if (isReserved) return 'The specified route conflicts with one or more built in routes.';
  // No methods are all methods.
  const isShared = (others: string[] = []) => !methods[0] || !others[0] || methods.some((one) => others.includes(one));
  const rivals = earlier.filter((other) => other.match && other.url?.toLowerCase() === url?.toLowerCase());
  const rival = rivals.find((other) => isShared(other.methods));
  return rival && `The route specified conflicts with the route defined by function '${rival.name}'.`;
}

function prepareTimer(entry: AppFunction, env: NodeJS.ProcessEnv): string | undefined {
  const { type, schedule = '' } = entry.trigger;
  if (type !== 'timerTrigger') return `This host runs no functions with a ${type}.`;
  entry.schedule = schedule.replace(/%([^%]+)%/g, (text, name: string) => settingOf(env, name) ?? text);
  const unset = /%[^%]+%/.exec(entry.schedule)?.[0];
  if (unset) return `'${unset}' does not resolve to a value.`;
  const timing = readSchedule(entry.schedule, env['TZ'] === process.env['TZ'] ? undefined : env['TZ']);
  if (!timing) {
    return `The schedule expression '${entry.schedule}' was not recognized as a valid cron expression or timespan string.`;
  }
  entry.timing = timing;
  entry.lacksStorage = timing.needsStorage && !HOST_STORAGE_SETTINGS.some((name) => settingOf(env, name));
  return undefined;
}
