// Reads schedules like the Functions host: the grammar of its library NCrontab, the TimeSpans of .NET, and the daylight saving rules of its timer
// extension (Azure/azure-webjobs-sdk-extensions, CronSchedule.cs and TimerSchedule.cs). Imports nothing, because the local host uses it too.

/** When a timer fires. */
export interface Schedule {
  /** An interval counts from the start of the host. */
  kind: 'cron' | 'interval';
  /** The host keeps the state of a schedule in storage unless it fires more than once a minute. Without storage such a timer does not start. */
  needsStorage: boolean;
  /** The first time after `after`; `null` if there is no such time. */
  next: (after: Date) => Date | null;
}

/** The host keeps the state of timers in storage if one of these settings is set. */
export const HOST_STORAGE_SETTINGS = [
  'AzureWebJobsStorage',
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__blobServiceUri',
];

interface Field {
  min: number;
  max: number;
  names?: string[];
}

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** The rarest date is a 29 February on a given day of the week: at most 40 years apart, because 2100 is not a leap year. */
const SEARCHED_DAYS = 41 * 366;

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
/** Second, minute, hour, day of the month, month, day of the week. */
const FIELDS: Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

/**
 * Parses an NCRONTAB expression of six fields (or five, without seconds), or a TimeSpan. `undefined` if the host does not accept it. `timeZone`: an IANA
 * name; default: the time zone of the process, as in the host.
 */
export function readSchedule(expression: string, timeZone?: string): Schedule | undefined {
  const everyMs = timeSpanMs(expression);
  // the host accepts 00:00:00, and would fire without pause
  if (everyMs === 0) return undefined;
  if (everyMs !== undefined) {
    return {
      kind: 'interval',
      needsStorage: everyMs >= 60_000,
      next: (after) => new Date(after.getTime() + everyMs),
    };
  }
  const texts = expression.split(' ').filter((text) => text !== '');
  if (texts.length !== 5 && texts.length !== 6) return undefined;
  const hasSeconds = texts.length === 6;
  const sets = (hasSeconds ? texts : ['0', ...texts]).map((text, i) => readField(text, FIELDS[i] as Field));
  if (sets.some((set) => set === undefined)) return undefined;
  const fields = sets as Set<number>[];
  const isEverySoManySeconds = fields.every((set, i) => (i === 0 ? set.size > 1 : isWhole(set, i)));
  // When clocks are set back, an hour comes twice: "every 10 minutes" then fires in both, "at 01:30" only once. The host distinguishes them like this.
  const isRecurring = fields.slice(hasSeconds ? 0 : 1, 3).some((set) => [...set].some((value) => set.has(value + 1)));
  const offsetAt = offsetOf(timeZone);
  return {
    kind: 'cron',
    needsStorage: !isEverySoManySeconds,
    next: (after) => {
      const time = nextTime(fields, isRecurring, offsetAt, after.getTime());
      return time === undefined ? null : new Date(time);
    },
  };
}

/** A .NET TimeSpan (`hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`, `d` …) in milliseconds; `undefined` if it is not a TimeSpan, or is negative. */
export function timeSpanMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d{1,8}$/.test(trimmed)) return Number(trimmed) * DAY_MS;
  const [, days, clock = '', fraction] =
    /^(?:(\d{1,8})\.)?(\d{1,8}(?::\d{1,8}){1,3})(?:\.(\d{1,7}))?$/.exec(trimmed) ?? [];
  const parts = clock.split(':').map(Number);
  // "24:00:00" is 24 days: a first number that can't be hours is days
  const readings = days === undefined ? [[0, ...parts], parts] : [[Number(days), ...parts]];
  for (const [day = 0, hour = 24, minute = 60, second, ...rest] of readings) {
    const isClock = hour < 24 && minute < 60 && (second ?? 0) < 60 && rest.length === 0;
    if (!isClock || (fraction !== undefined && second === undefined)) continue;
    return (
      ((day * 24 + hour) * 60 + minute) * 60_000 + Math.round(((second ?? 0) + Number(`0.${fraction ?? 0}`)) * 1000)
    );
  }
  return undefined;
}

const isWhole = (set: Set<number>, i: number): boolean => {
  const { min, max } = FIELDS[i] as Field;
  return set.size === max - min + 1;
};

function readField(text: string, field: Field): Set<number> | undefined {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/([+-]?\d{1,9}))?$/.exec(item) ?? [];
    const bounds = readRange(range, step !== undefined, field);
    if (bounds === undefined) return undefined;
    // a step below 1 counts as 1
    for (let value = bounds[0]; value <= bounds[1]; value += Math.max(1, Number(step ?? 1))) values.add(value);
  }
  return values;
}

/** The first and the last value of `*`, `a`, `a/` (from a to the maximum) or `a-b`. In `5-2` the smaller one counts as the first. */
function readRange(text: string, hasStep: boolean, field: Field): [number, number] | undefined {
  if (text === '*') return [field.min, field.max];
  const dash = text.indexOf('-');
  const [first, last] =
    dash > 0
      ? [readValue(text.slice(0, dash), field), readValue(text.slice(dash + 1), field)]
      : [readValue(text, field), hasStep ? field.max : readValue(text, field)];
  if (first === undefined || last === undefined) return undefined;
  const bounds: [number, number] = [Math.min(first, last), Math.max(first, last)];
  return bounds[0] >= field.min && bounds[1] <= field.max ? bounds : undefined;
}

/** A number, or the beginning of an English name in any case. If several names begin like this, the first one. */
function readValue(text: string, { min, names = [] }: Field): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const index = text === '' ? -1 : names.findIndex((name) => name.startsWith(text.toLowerCase()));
  return index === -1 ? undefined : index + min;
}

/** How many milliseconds clocks are ahead of UTC at a given time. An unknown time zone counts as UTC, as in the host. */
function offsetOf(timeZone: string | undefined): (time: number) => number {
  if (timeZone === undefined) return (time) => -new Date(time).getTimezoneOffset() * 60_000;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return () => 0;
  }
  return (time) => {
    const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d\d):(\d\d)/.exec(format.format(time)) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  };
}

/** The first time after `now`. A clock time is represented as the UTC time with the same digits. */
function nextTime(
  fields: Set<number>[],
  isRecurring: boolean,
  offsetAt: (time: number) => number,
  now: number,
): number | undefined {
  /** The times at which clocks show `clock`: two if clocks are set back then, else one. If clocks are set forward over it, it comes later by that amount. */
  const timesOf = (clock: number): [number, ...number[]] => {
    const [before, after] = [offsetAt(clock - DAY_MS), offsetAt(clock + DAY_MS)];
    const times = [clock - before, clock - after].filter((time) => time + offsetAt(time) === clock);
    const [first = clock - Math.min(before, after), second = first] = times.toSorted((a, b) => a - b);
    return first === second ? [first] : [first, second];
  };
  const isTwice = (clock: number): boolean => timesOf(clock).length > 1;

  const nowClock = now + offsetAt(now);
  let clock = nextClock(fields, nowClock);
  if (clock === undefined) return undefined;
  const next = timesOf(clock).at(-1) as number;
  const shift = offsetAt(next) - offsetAt(now);
  if (isRecurring) return (isTwice(nowClock) || isTwice(clock)) && shift !== 0 ? next + shift : next;
  if (!isTwice(clock)) return next;
  if (shift !== 0) return next + shift;
  // it has fired when clocks showed this time first
  while (clock !== undefined && isTwice(clock)) clock = nextClock(fields, clock);
  return clock === undefined ? undefined : timesOf(clock).at(-1);
}

/** The first clock time after `clock` that matches all fields, both the day of the month and the day of the week. */
function nextClock(fields: Set<number>[], clock: number): number | undefined {
  const [seconds, minutes, hours, daysOfMonth, months, daysOfWeek] = fields as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const from = Math.floor(clock / SECOND_MS) * SECOND_MS + SECOND_MS;
  const firstDay = Math.floor(from / DAY_MS) * DAY_MS;
  for (let day = firstDay; day < firstDay + SEARCHED_DAYS * DAY_MS; day += DAY_MS) {
    const date = new Date(day);
    const isDay =
      months.has(date.getUTCMonth() + 1) && daysOfMonth.has(date.getUTCDate()) && daysOfWeek.has(date.getUTCDay());
    const time = isDay ? timeOfDay(seconds, minutes, hours, Math.max(0, from - day)) : undefined;
    if (time !== undefined) return day + time;
  }
  return undefined;
}

/** The first time of a day from `fromMs` on, in milliseconds since midnight. */
function timeOfDay(seconds: Set<number>, minutes: Set<number>, hours: Set<number>, fromMs: number): number | undefined {
  const [second, minute, hour] = [seconds, minutes, hours].map((set) => [...set].toSorted((a, b) => a - b));
  for (const h of hour ?? []) {
    if ((h + 1) * 3_600_000 <= fromMs) continue;
    for (const m of minute ?? []) {
      const s = second?.find((value) => (h * 60 + m) * 60_000 + value * SECOND_MS >= fromMs);
      if (s !== undefined) return (h * 60 + m) * 60_000 + s * SECOND_MS;
    }
  }
  return undefined;
}
