import { describeRun, styleFor, type PrintedRun } from '../../cli/output/runPrinter';

const succeeded: PrintedRun = {
  id: '08584000000000000000123456789CU00',
  status: 'Succeeded',
  durationMs: 84,
  connection: 'AcsIdentity',
  target: 'functions',
  cleanup: 'Clean',
  actions: [
    {
      name: 'Create_a_user',
      status: 'Succeeded',
      code: 'Created',
      durationMs: 31.4,
      outputs: { identity: { id: '8:acs:1_2' } },
    },
    {
      name: 'Issue_a_user_access_token',
      status: 'Succeeded',
      code: 'OK',
      durationMs: 25,
      outputs: {
        token: {
          redacted: true,
          sha256: '1f2e3d4c5b6a',
          scopes: ['chat', 'voip'],
          expiresOn: '2026-01-02T03:04:05.678Z',
        },
      },
    },
    { name: 'Delete_a_user', status: 'Succeeded', code: 'NoContent', durationMs: 8 },
  ],
};
const plainStyle = { colour: false, unicode: true };
const linesOf = (run: PrintedRun) => describeRun(run, plainStyle);

describe('a printed run', () => {
  it('shows its verdict, and each step with status, code, duration and outputs in columns', () => {
    expect(linesOf(succeeded)).toEqual([
      'Run 08584000000000000000123456789CU00  Succeeded in 0.1 s  (connection AcsIdentity, through the function URLs)',
      '  ✓ Create_a_user               Succeeded   Created        31 ms',
      '      identity.id  8:acs:1_2',
      '  ✓ Issue_a_user_access_token   Succeeded   OK             25 ms',
      '      token        (redacted, sha256 1f2e3d4c5b6a)   scopes chat, voip   expires 2026-01-02T03:04:05.678Z',
      '  ✓ Delete_a_user               Succeeded   NoContent       8 ms',
    ]);
  });

  it('shows the deeper checks of a step under it: name, status, and what was found', () => {
    const [step, ...others] = succeeded.actions ?? [];
    const message = "ACS's chat service accepts the token.";
    const checks = [
      { name: 'tokenAccepted', status: 'Passed' as const, durationMs: 1 },
      { name: 'revokedTokenRefused', status: 'Failed' as const, durationMs: 1, message },
      { name: 'anonymousRefused', status: 'NotApplicable' as const, durationMs: 1, message: 'no function URLs' },
    ];
    const run = { ...succeeded, actions: [{ ...step, checks }, ...others] } as PrintedRun;
    expect(linesOf(run).slice(2, 6)).toEqual([
      '      identity.id  8:acs:1_2',
      '      tokenAccepted       Passed',
      `      revokedTokenRefused Failed         ${message}`,
      '      anonymousRefused    NotApplicable  no function URLs',
    ]);
    const coloured = describeRun(run, { colour: true, unicode: true });
    expect(coloured[3]).toContain('\u001b[32mPassed');
    expect(coloured[4]).toContain('\u001b[31mFailed');
  });

  it('shows what failed and why, and why a step was skipped', () => {
    const lines = linesOf({
      ...succeeded,
      status: 'Failed',
      target: 'connection',
      cleanup: 'Pending',
      error: { code: 'ActionFailed', message: 'Create_a_user failed.' },
      actions: [
        {
          name: 'Create_a_user',
          status: 'Failed',
          code: 'BadGateway',
          durationMs: 2512,
          error: { code: 'ServiceUnavailable', message: 'ACS cannot be reached.' },
        },
        {
          name: 'Delete_a_user',
          status: 'Skipped',
          code: 'ActionSkipped',
          durationMs: 0,
          error: { code: 'ActionSkipped', message: 'Create_a_user had to succeed.' },
        },
      ],
    });
    expect(lines).toEqual([
      'Run 08584000000000000000123456789CU00  Failed in 0.1 s  (connection AcsIdentity, on the connection itself)',
      '  ✗ Create_a_user   Failed    BadGateway         2.5 s',
      '      ServiceUnavailable: ACS cannot be reached.',
      '  - Delete_a_user   Skipped   ActionSkipped       0 ms',
      '      ActionSkipped: Create_a_user had to succeed.',
      '  ActionFailed: Create_a_user failed.',
      '  The user that this run made still exists.',
    ]);
  });

  it('counts the retries of a step, with what each met', () => {
    const attempt = (code: string) => ({ startTime: '', endTime: '', clientRequestId: '', code });
    const actionLine = (...codes: string[]) =>
      linesOf({
        id: '1',
        status: 'Succeeded',
        actions: [{ name: 'A', status: 'Succeeded', code: 'OK', retryHistory: codes.map(attempt) }],
      })[1];
    expect(actionLine('ServiceUnavailable')).toMatch(/ {3}after 1 retry \(ServiceUnavailable\)$/);
    expect(actionLine('ECONNRESET', 'Timeout')).toMatch(/ {3}after 2 retries \(ECONNRESET, Timeout\)$/);
    expect(actionLine()).toBe('  ✓ A   Succeeded   OK');
  });

  it('says when it was not recorded', () => {
    const recordError = { code: 'StorageUnavailable', message: 'The storage does not answer.' };
    expect(linesOf({ ...succeeded, recorded: false, recordError }).at(-1)).toBe(
      '  The run was not recorded: StorageUnavailable: The storage does not answer.',
    );
  });

  it('shows outputs of any shape, shortened when they are long', () => {
    const outputs = { list: ['a', 'b'], items: [{ id: 1 }], none: null, nested: { flag: true }, long: 'x'.repeat(300) };
    const [, , ...rows] = linesOf({
      id: '1',
      status: 'Succeeded',
      actions: [{ name: 'A', status: 'Succeeded', outputs }],
    });
    expect(rows).toEqual([
      '      list         a, b',
      '      items.0.id   1',
      '      nested.flag  true',
      `      long         ${'x'.repeat(200)}... (300 characters)`,
    ]);
  });

  it('lets no control character through', () => {
    const evil = '\u001b[2J\r\nRun 2  Succeeded';
    const lines = linesOf({
      id: '1',
      status: 'Failed',
      error: { code: 'E', message: evil },
      actions: [
        { name: evil, status: 'Failed', code: evil, error: { code: evil, message: evil }, outputs: { [evil]: evil } },
      ],
    });
    expect(lines).toHaveLength(5);
    expect(lines.join('\n')).not.toMatch(/[^\n\P{Cc}]/u);
  });

  it('is coloured by status on a terminal, and ASCII on a dumb one', () => {
    const coloured = describeRun({ ...succeeded, status: 'Failed' }, { colour: true, unicode: true });
    expect(coloured[0]).toContain('\u001b[31mFailed in 0.1 s\u001b[0m');
    expect(coloured[1]).toContain('\u001b[32m✓\u001b[0m');
    expect(describeRun(succeeded, { colour: false, unicode: false }).join('\n')).toMatch(/^[\x20-\x7e\n]+$/);
  });
});

describe('the style', () => {
  it.each([
    [true, {}, { colour: true, unicode: true }],
    [true, { NO_COLOR: '1' }, { colour: false, unicode: true }],
    [true, { NO_COLOR: '' }, { colour: true, unicode: true }],
    [true, { TERM: 'dumb' }, { colour: false, unicode: false }],
    [false, {}, { colour: false, unicode: true }],
  ])('on a terminal: %s, with %j, is %j', (isTTY, environment, expected) => {
    expect(styleFor({ isTTY }, environment)).toEqual(expected);
  });
});
