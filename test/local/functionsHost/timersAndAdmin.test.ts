import { buildWorker, cleanUp, eventually, makeApp, run, useApp, type RunningApp } from './sampleApp';

const entry = `${useApp}
let overlapping = 0;
const show = (timer, context) => { context.log(context.functionName + ' ' + JSON.stringify(timer)); };
const options = { schedule: '0 0 3 * * *', handler: show };
app.timer('daily', options);
app.timer('everySecond', { ...options, schedule: '* * * * * *' });
app.timer('interval', { ...options, schedule: '00:00:01' });
app.timer('atStart', { ...options, runOnStartup: true });
app.timer('fromSetting', { ...options, schedule: '0 0 %HOUR% * * *' });
app.timer('noSetting', { ...options, schedule: '%MISSING%' });
app.timer('noSchedule', { ...options, schedule: 'now and then' });
app.timer('badField', { ...options, schedule: '0 0 25 * * *' });
app.timer('fiveFields', { ...options, schedule: '*/5 * * * *' });
app.timer('off', { ...options, schedule: '* * * * * *' });
app.timer('throws', { ...options, handler: () => { throw new Error('no luck'); } });
app.timer('slow', { schedule: '* * * * * *', handler: async (_, context) => {
  context.log('slow runs ' + ++overlapping);
  await new Promise((done) => setTimeout(done, 1500));
  overlapping--;
} });
app.http('web', { authLevel: 'function', methods: ['get', 'POST'], handler: () => ({ body: 'web' }) });
app.get('webOff', () => ({ body: 'off' }));
app.http('webKeyOff', { authLevel: 'function', handler: () => ({ body: 'off, with a key' }) });
app.get('adminlvl', () => ({}));
app.get('second', { route: 'WEB', handler: () => ({}) });
app.generic('queue', { trigger: { type: 'queueTrigger', direction: 'in', name: 'item' }, handler: () => {} });
`;
const environment = {
  HOUR: '4',
  TZ: 'UTC',
  // never connected to: state is kept in memory
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  'AzureWebJobs.off.Disabled': 'true',
  AzureWebJobs_webOff_Disabled: '1',
  AzureWebJobs_webKeyOff_Disabled: 'true',
};

let app: RunningApp;
beforeAll(async () => {
  app = await run(await buildWorker(), entry, { environment });
});
afterAll(cleanUp);

/** What a timer's handler was given, last time. */
function payload(name: string): unknown {
  const line = app
    .log()
    .split('\n')
    .findLast((candidate) => candidate.startsWith(`${name} {`));
  return line && JSON.parse(line.slice(name.length));
}
const found = (name: string) => app.host.functions.find((entry) => entry.name === name);

describe('timers', () => {
  test('fire on time, one occurrence once, and say so', async () => {
    await eventually(() => (app.log().match(/^everySecond /gm) ?? []).length >= 3);
    const times = [
      ...app
        .log()
        .matchAll(
          /Executing 'Functions\.everySecond' \(Reason='Timer fired at ([^.]+)\.\d{7}\+00:00', Id=[\w-]{36}\)/g,
        ),
    ];
    const seconds = times.map(([, time]) => time);
    expect(seconds.length).toBeGreaterThanOrEqual(3);
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(payload('everySecond')).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
  });

  test('fire after an interval, which has no status', async () => {
    await eventually(() => payload('interval'));
    expect(payload('interval')).toEqual({ schedule: { adjustForDST: false }, scheduleStatus: null, isPastDue: false });
  });

  test('fire at the start when they ask for it', () => {
    expect(app.log()).toMatch(
      /Executing 'Functions\.atStart'.*\nTrigger Details: UnscheduledInvocationReason: RunOnStartup/,
    );
  });

  test('never run twice at a time', async () => {
    await eventually(() => (app.log().match(/^slow runs/gm) ?? []).length >= 2);
    expect(app.log()).not.toContain('slow runs 2');
  });

  test('do not fire when they are disabled', async () => {
    await eventually(() => (app.log().match(/^everySecond /gm) ?? []).length >= 2);
    expect(app.log()).not.toContain("Executing 'Functions.off'");
    expect(found('off')).toMatchObject({ disabled: true, type: 'timer' });
    expect(app.log()).toContain('Function off is disabled.');
  });

  test.each([
    ['noSetting', "'%MISSING%' does not resolve to a value."],
    [
      'noSchedule',
      "The schedule expression 'now and then' was not recognized as a valid cron expression or timespan string.",
    ],
    [
      'badField',
      "The schedule expression '0 0 25 * * *' was not recognized as a valid cron expression or timespan string.",
    ],
    ['queue', 'This host does not support functions with a queueTrigger.'],
    ['adminlvl', 'The specified route conflicts with one or more built in routes.'],
    ['web', "The route specified conflicts with the route defined by function 'second'."],
  ])('%s is in error, and the host goes on', (name, error) => {
    expect(found(name)).toMatchObject({ error });
    expect(app.log()).toContain(`The '${name}' function is in error: ${error}`);
  });

  test('settings are part of a schedule', () => {
    expect(found('fromSetting')).toMatchObject({ schedule: '0 0 4 * * *' });
  });
});

describe('the admin call', () => {
  const post = (path: string, body: string, type?: string) =>
    app.get(path, {
      method: 'POST',
      body: Buffer.from(body),
      headers: type === undefined ? {} : { 'content-type': type },
    });

  test('fires a timer: 202 and empty, its name in any case', async () => {
    const answer = await post('/admin/functions/DAILY', '{"input":"x"}', 'application/json; charset=utf-8');
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([202, '0', '']);
    await eventually(() => payload('daily'));
    const next = expect.stringMatching(/^\d{4}-\d\d-\d\dT03:00:00\+00:00$/) as string;
    const never = '0001-01-01T00:00:00+00:00';
    expect(payload('daily')).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: { last: never, next, lastUpdated: never },
      isPastDue: false,
    });
    expect(app.log()).toMatch(
      /Executing 'Functions\.daily' \(Reason='This function was programmatically called via the host APIs\.', Id=([\w-]{36})\)[^]*Executed 'Functions\.daily' \(Succeeded, Id=\1, Duration=\d+ms\)/,
    );
  });

  test('five fields are minutes and so on', async () => {
    expect(await app.fire('fiveFields')).toBe(202);
    await eventually(() => payload('fiveFields'));
    expect(payload('fiveFields')).toMatchObject({
      scheduleStatus: { next: expect.stringMatching(/:[0-5][05]:00\+/) as string },
    });
  });

  test('a run that fails is in the log', async () => {
    expect(await app.fire('throws')).toBe(202);
    await eventually(() => /Executed 'Functions\.throws' \(Failed[^]*Exception: no luck/.test(app.log()));
  });

  test('an HTTP function: 202, then it fails in the log', async () => {
    expect(await app.fire('second')).toBe(202);
    await eventually(() => app.log().includes("Executed 'Functions.second' (Failed"));
  });

  test.each([
    ['daily', '{}', undefined, 415],
    ['daily', '{}', 'text/plain', 415],
    ['daily', '', 'application/json', 400],
    ['daily', 'null', 'application/json', 400],
    ['daily', '{', 'application/json', 400],
    ['nobody', '{}', 'application/json', 404],
  ])('%s with body %j of type %s: %i', async (name, body, type, status) => {
    expect((await post(`/admin/functions/${name}`, body, type)).status).toBe(status);
  });

  test.each([
    ['/admin/host/status', { state: 'Running' }],
    ['/admin/functions/daily', { name: 'daily', isDisabled: false }],
    ['/admin/functions/daily/status', {}],
  ])('GET %s', async (path, content) => {
    const answer = await app.get(path);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject(content);
  });

  test('GET /admin/functions lists all by name, without case', async () => {
    const list = (await (await app.get('/admin/functions')).json()) as { name: string; invoke_url_template?: string }[];
    expect(list.map(({ name }) => name)).toEqual(app.host.functions.map(({ name }) => name));
    expect(list.map(({ name }) => name).slice(0, 4)).toEqual(['adminlvl', 'atStart', 'badField', 'daily']);
    expect(list.at(-1)).toMatchObject({ name: 'webOff', invoke_url_template: `${app.host.url}/api/webOff` });
  });

  test('ping: 200 and empty, for GET and POST', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await app.get('/admin/host/ping', { method });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
      expect(answer.headers.get('cache-control')).toBe('no-store,no-cache');
    }
  });

  test.each(['/admin/else', '/admin/functions/nobody'])('%s: 404', async (path) => {
    expect((await app.get(path)).status).toBe(404);
  });
});

describe('disabled HTTP functions', () => {
  test('anonymous: 404, but not for a call with a key', async () => {
    expect((await app.get('/api/webOff')).status).toBe(404);
    expect((await app.get('/api/webOff', { headers: { 'x-functions-key': 'any' } })).status).toBe(200);
  });

  test('with a key of their own: 200, as every caller is an administrator', async () => {
    expect((await app.get('/api/webKeyOff')).status).toBe(200);
  });
});

describe('schedules', () => {
  const nextTimes = async (schedules: Record<string, string>) => {
    const timers = Object.entries(schedules).map(
      ([name, schedule]) =>
        `app.timer('${name}', { schedule: '${schedule}', handler: (timer, context) => context.log('${name}=' + timer.scheduleStatus.next) });`,
    );
    const directory = makeApp(useApp + timers.join('\n'));
    const own = await run(await buildWorker(), { directory }, { environment: { TZ: 'UTC' } });
    const errors = own.host.functions.flatMap(({ name, error }) => (error === undefined ? [] : [name]));
    for (const name of Object.keys(schedules)) await own.fire(name);
    const names = Object.keys(schedules).filter((name) => !errors.includes(name));
    await eventually(() => names.every((name) => own.log().includes(`${name}=`)));
    const times = names.map((name) => [name, new RegExp(`^${name}=(.*)$`, 'm').exec(own.log())?.[1] ?? '']);
    return { errors, times: Object.fromEntries(times) as Record<string, string> };
  };

  test('a day of the month and a day of the week must both match', async () => {
    const { times } = await nextTimes({ friday13: '0 0 0 13 * 5' });
    const next = new Date(times['friday13'] ?? '');
    expect([next.getUTCDate(), next.getUTCDay()]).toEqual([13, 5]);
  });

  test('names of months and days, steps from a start, lists', async () => {
    const { times, errors } = await nextTimes({
      names: '0 0 0 * Jan Mon',
      steps: '0 7/20 * * * *',
      lists: '0 0 5,17 * * *',
    });
    expect(errors).toEqual([]);
    expect(new Date(times['names'] ?? '').getUTCDay()).toBe(1);
    expect(times['names']).toContain('-01-');
    expect(times['steps']).toMatch(/:(07|27|47):00\+/);
    expect(times['lists']).toMatch(/T(05|17):00:00\+/);
  });

  test('what other crons know is an error', async () => {
    const bad = {
      last: '0 0 0 L * *',
      nth: '0 0 0 * * 5#2',
      any: '0 0 0 ? * *',
      seven: '0 0 0 * * 7',
      daily: '@daily',
      year: '0 0 0 1 1 * 2030',
    };
    const { errors } = await nextTimes(bad);
    expect(errors.sort()).toEqual(Object.keys(bad).sort());
  });

  test('a range that runs backwards is taken the other way round, a step of 0 as 1', async () => {
    const { errors, times } = await nextTimes({ backwards: '0 0 22-2 * * *', zero: '0 */0 * * * *' });
    expect(errors).toEqual([]);
    expect(times['backwards']).toMatch(/T(0[2-9]|1\d|2[0-2]):00:00\+/);
  });

  test('times are those of the time zone in TZ', async () => {
    const entryFile = `${useApp}app.timer('nine', { schedule: '0 0 9 * * *', handler: (timer, context) => context.log('nine=' + timer.scheduleStatus.next) });`;
    const own = await run(await buildWorker(), entryFile, { environment: { TZ: 'Asia/Kolkata' } });
    await own.fire('nine');
    await eventually(() => own.log().includes('nine='));
    expect(own.log()).toMatch(/^nine=.*T03:30:00/m);
  });

  test('without storage a schedule of a minute or slower does not start, and the log says why', async () => {
    const timers = { slow: '0 * * * * *', fast: '* * * * * *' };
    const entryFile =
      useApp +
      Object.entries(timers)
        .map(
          ([name, schedule]) =>
            `app.timer('${name}', { schedule: '${schedule}', runOnStartup: true, handler: () => {} });`,
        )
        .join('\n');
    const withoutStorage = await run(await buildWorker(), entryFile, {
      environment: { AzureWebJobsStorage: undefined },
    });
    await eventually(() => withoutStorage.log().includes("Executing 'Functions.fast'"));
    expect(withoutStorage.log()).toContain("The listener for function 'Functions.slow' was unable to start.");
    expect(withoutStorage.log()).not.toContain("Executing 'Functions.slow'");
    const byIdentity = { AzureWebJobsStorage: undefined, AzureWebJobsStorage__accountName: 'account' };
    const withIdentity = await run(await buildWorker(), entryFile, { environment: byIdentity });
    await eventually(() => withIdentity.log().includes("Executing 'Functions.slow'"));
  });
});
