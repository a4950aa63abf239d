import { readSchedule, timeSpanMs } from '../../src/base/schedule';
import { after, cases } from './ncrontabCases.json';

/** The next `count` times as the reader finds them, one after the other. */
function nextTimes(expression: string, from: string, count: number, timeZone = 'UTC'): string[] | null {
  const schedule = readSchedule(expression, timeZone);
  if (schedule === undefined) return null;
  const times: string[] = [];
  for (let time = schedule.next(new Date(from)); time && times.length < count; time = schedule.next(time)) {
    times.push(time.toISOString().replace('.000Z', 'Z'));
  }
  return times;
}

test('there are 68 expressions that the library of the Functions host was asked about', () => {
  expect(cases).toHaveLength(68);
});

test.each(cases)('$expression is read as the host reads it', ({ expression, valid, next }) => {
  const found = nextTimes(expression, after, 3);
  expect(found !== null).toBe(valid);
  // The library was asked for times before 2036.
  expect(found?.filter((time) => time < '2036') ?? null).toEqual(next);
});

test.each([
  ['0 0 0 * j *', '2027-01-01T00:00:00Z'],
  ['0 0 0 1 ju *', '2027-06-01T00:00:00Z'],
  ['0 0 0 * * t', '2026-12-01T00:00:00Z'],
  ['0 0 0 * * Thursday', '2026-11-26T00:00:00Z'],
  ['0 0 0 29 2 0', '2032-02-29T00:00:00Z'],
  ['0 0 0 * * 5/9', '2026-11-27T00:00:00Z'],
  ['0 */-5 * * * *', '2026-11-25T23:31:00Z'],
])('%s: names may be cut short, steps may be any number', (expression, next) => {
  expect(nextTimes(expression, after, 1)).toEqual([next]);
});

test.each(['0 0 0 * * ,1', '0 0 0 * * 1,', '0 */ * * * *', '0 /5 * * * *', '0 1-2-3 * * * *', '0 0 0 * * 7/2'])(
  '%j is refused',
  (expression) => expect(readSchedule(expression)).toBeUndefined(),
);

test('a line break at the end is not ignored', () => {
  expect(readSchedule('0 */5 * * * *\n')).toBeUndefined();
});

describe('a TimeSpan', () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
  test.each([
    ['00:05:00', 5 * minute],
    ['1:2:3', hour + 2 * minute + 3 * second],
    ['00:05', 5 * minute],
    [' 00:00:30 ', 30 * second],
    ['00:00:00.5', 500],
    ['1.00:00:00', day],
    ['1.02:03', day + 2 * hour + 3 * minute],
    ['1:02:03:04', day + 2 * hour + 3 * minute + 4 * second],
    ['24:00:00', 24 * day],
    ['2', 2 * day],
  ])('%j', (text, everyMs) => {
    expect(timeSpanMs(text)).toBe(everyMs);
    expect(readSchedule(text)?.next(new Date(after))?.getTime()).toBe(Date.parse(after) + everyMs);
  });

  test.each(['00:60:00', '24:00', '1.24:00:00', '-00:05:00', '00:05.5', '5m', '1:2:3:4:5', 'PT5M', '00:00:00'])(
    '%j is refused as a schedule',
    (text) => expect(readSchedule(text)).toBeUndefined(),
  );
});

test.each([
  ['* * * * * *', false],
  ['*/30 * * * * *', false],
  ['0 * * * * *', true],
  ['* * * * *', true],
  ['0,30 0 3 * * *', true],
  ['00:00:59', false],
  ['00:01:00', true],
])('%s: does the host need storage to start it? %s', (expression, needsStorage) => {
  expect(readSchedule(expression)?.needsStorage).toBe(needsStorage);
});

describe('daylight saving time', () => {
  const zone = 'America/Los_Angeles';

  test('a time that is skipped comes as much later, on that day', () => {
    expect(nextTimes('0 30 2 * * *', '2018-03-10T12:00:00Z', 2, zone)).toEqual([
      '2018-03-11T10:30:00Z',
      '2018-03-12T09:30:00Z',
    ]);
  });

  test('a time that comes twice fires once, the first time', () => {
    expect(nextTimes('0 30 1 * * *', '2018-11-03T12:00:00Z', 2, zone)).toEqual([
      '2018-11-04T08:30:00Z',
      '2018-11-05T09:30:00Z',
    ]);
  });

  test('a schedule that recurs within the hour goes on through it', () => {
    expect(nextTimes('0 */30 * * * *', '2018-11-04T07:30:00Z', 6, zone)).toEqual([
      '2018-11-04T08:00:00Z',
      '2018-11-04T08:30:00Z',
      '2018-11-04T09:00:00Z',
      '2018-11-04T09:30:00Z',
      '2018-11-04T10:00:00Z',
      '2018-11-04T10:30:00Z',
    ]);
  });

  test.each([
    ['Asia/Kolkata', '2026-11-26T03:30:00Z'],
    ['America/St_Johns', '2026-11-26T12:30:00Z'],
    ['No/Such_Zone', '2026-11-26T09:00:00Z'],
  ])('times are those of the time zone: %s', (timeZone, next) => {
    expect(nextTimes('0 0 9 * * *', after, 1, timeZone)).toEqual([next]);
  });
});
