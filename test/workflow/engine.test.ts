import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../src/base/errors';
import type { CallOptions, IdentityActions } from '../../src/identity/identityTypes';
import { runSteps, type EngineOptions } from '../../src/workflow/engine';
import type { RunRequest } from '../../src/runs/run';
import type { Step, Workflow } from '../../src/workflow/step';
import { fourSteps } from '../fourSteps';

const USER = '8:acs:11111111-1111-4111-8111-111111111111_00000026-0000-0000-0000-000000000001';
const request: RunRequest = { createTokenWithScopes: [], scopes: ['chat'], expiresInMinutes: 60 };

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** A token as ACS makes it, or with claims of another kind. */
function token(scopes: string[], wish: { skypeid?: string; minutes?: number; acsScope?: string } = {}) {
  const exp = Math.floor(Date.now() / 1000) + (wish.minutes ?? 60) * 60;
  return {
    token: jwt({ skypeid: wish.skypeid ?? USER.slice(2), acsScope: wish.acsScope ?? scopes.join(','), exp }),
    expiresOn: new Date(exp * 1000).toISOString(),
  };
}

/** Identity actions that all succeed, but for what `faults` replaces, and that note what was asked. */
function actionsWith(faults: Partial<IdentityActions> = {}) {
  const asked: string[] = [];
  const well: IdentityActions = {
    createUser: ({ createTokenWithScopes = [] }) =>
      Promise.resolve({
        identity: { id: USER },
        ...(createTokenWithScopes.length ? { accessToken: token([...createTokenWithScopes]) } : {}),
      }),
    issueToken: ({ scopes }) => Promise.resolve(token([...scopes])),
    revokeTokens: () => Promise.resolve(),
    deleteUser: () => Promise.resolve(),
  };
  const noted = <K extends keyof IdentityActions>(name: K) =>
    ((...args: Parameters<IdentityActions[K]>) => {
      asked.push(name);
      return ((faults[name] ?? well[name]) as (...all: unknown[]) => unknown)(...args);
    }) as IdentityActions[K];
  const actions: IdentityActions = {
    createUser: noted('createUser'),
    issueToken: noted('issueToken'),
    revokeTokens: noted('revokeTokens'),
    deleteUser: noted('deleteUser'),
  };
  return { actions, asked };
}

const run = (options: Partial<EngineOptions> & Pick<EngineOptions, 'actions'>) =>
  runSteps({ workflow: fourSteps, request, clientTrackingId: 'track', ...options });

const statuses = ({ actions }: Awaited<ReturnType<typeof run>>) => actions.map(({ status }) => status);
const down = () => Promise.reject(new AppError(502, 'ServiceUnavailable', 'ACS is down.'));
const never = (_input: unknown, options?: CallOptions) =>
  sleep(60_000, undefined, { signal: options?.signal ?? undefined }) as Promise<never>;

describe('the identity lifecycle', () => {
  test('succeeds in four steps, each recorded as Logic Apps does, and leaves nothing', async () => {
    const { actions, asked } = actionsWith();
    const outcome = await run({ actions });
    expect(outcome).toMatchObject({ status: 'Succeeded', cleanup: 'Clean' });
    expect(outcome).not.toHaveProperty('error');
    expect(outcome.actions.map(({ name, status, code }) => [name, status, code])).toEqual([
      ['Create_a_user', 'Succeeded', 'Created'],
      ['Issue_a_user_access_token', 'Succeeded', 'OK'],
      ['Revoke_user_access_tokens', 'Succeeded', 'NoContent'],
      ['Delete_a_user', 'Succeeded', 'NoContent'],
    ]);
    expect(outcome.actions[1]?.inputs).toEqual({ userId: USER, scopes: ['chat'], expiresInMinutes: 60 });
    expect(outcome.actions[3]).not.toHaveProperty('outputs');
    expect(asked).toEqual(['createUser', 'issueToken', 'revokeTokens', 'deleteUser']);
  });

  test('records the cause of a defect, redacted', async () => {
    const cause = new TypeError(`no use for ${token(['chat']).token}`);
    const { actions } = actionsWith({
      issueToken: () => Promise.reject(new AppError(500, 'InternalError', 'Something went wrong.', { cause })),
    });
    const { error } = (await run({ actions })).actions[1] ?? {};
    expect(error).toEqual({
      code: 'InternalError',
      message: 'Something went wrong. TypeError: no use for [redacted]',
    });
  });

  describe('a step that throws', () => {
    const secret = token(['chat']).token;
    const throwing = (): never => {
      throw new TypeError(`no use for ${secret}`);
    };
    const [, issue] = fourSteps.steps;
    const logged = async (parts: Partial<Step>, faults: Partial<IdentityActions> = {}) => {
      const lines: string[] = [];
      const steps = fourSteps.steps.map((step) => (step === issue ? { ...step, ...parts } : step));
      const { actions } = actionsWith(faults);
      const outcome = await run({
        actions,
        workflow: { ...fourSteps, steps },
        log: { error: (line) => lines.push(line) },
      });
      return { lines, outcome };
    };

    test.each(['execute', 'outputs', 'checks', 'inputs'] as const)(
      'in %s fails, and the log has its stack without secrets',
      async (part) => {
        const { lines, outcome } = await logged({ [part]: throwing });
        expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
        expect(outcome.actions[1]).toMatchObject({
          status: 'Failed',
          error: { code: 'InternalError', message: 'no use for [redacted]' },
        });
        expect(lines).toEqual([
          expect.stringMatching(
            /^Issue_a_user_access_token threw an error \(clientTrackingId=track\): TypeError: no use for \[redacted\]\n {4}at .*throwing .*engine\.test\.ts:\d+/,
          ),
        ]);
      },
    );

    test('with an error that hides a defect logs the stack of the defect', async () => {
      const issueToken = () => Promise.resolve().then(throwing);
      const failing = () =>
        issueToken().catch((cause: unknown) => {
          throw new AppError(500, 'InternalError', 'Something went wrong.', { cause });
        });
      const { lines } = await logged({}, { issueToken: failing });
      expect(lines).toEqual([expect.stringMatching(/caused by: TypeError: no use for \[redacted\]\n {4}at throwing /)]);
    });

    test('as it should, with an AppError, logs no stack', async () => {
      expect((await logged({}, { issueToken: down })).lines).toEqual([]);
    });
  });

  test('keeps of a token its hash, scopes and expiry, of both tokens with their own scopes', async () => {
    const { actions } = actionsWith();
    const outcome = await run({ actions, request: { ...request, createTokenWithScopes: ['voip', 'chat'] } });
    expect(outcome.actions[0]?.outputs).toMatchObject({
      identity: { id: USER },
      accessToken: {
        token: { redacted: true, sha256: expect.stringMatching(/^[0-9a-f]{12}$/) as string, scopes: ['voip', 'chat'] },
      },
    });
    expect(outcome.actions[1]?.outputs).toMatchObject({
      token: { redacted: true, scopes: ['chat'] },
      expiresOn: expect.any(String) as string,
    });
    expect(JSON.stringify(outcome)).not.toContain('eyJ');
  });

  test('skips what needed the failed step, deletes the user all the same, and stays failed', async () => {
    const { actions, asked } = actionsWith({ issueToken: down });
    const outcome = await run({ actions });
    expect(statuses(outcome)).toEqual(['Succeeded', 'Failed', 'Skipped', 'Succeeded']);
    expect(outcome).toMatchObject({
      status: 'Failed',
      cleanup: 'Clean',
      error: { code: 'ActionFailed', message: 'Issue_a_user_access_token failed: ServiceUnavailable: ACS is down.' },
    });
    expect(outcome.actions[2]).toMatchObject({
      code: 'ActionSkipped',
      error: {
        code: 'ActionConditionFailed',
        message: expect.stringContaining(
          "'runAfter' condition for Issue_a_user_access_token is not satisfied. Expected Succeeded, actual Failed",
        ) as string,
      },
    });
    expect(outcome.actions[2]).not.toHaveProperty('inputs');
    expect(asked).toEqual(['createUser', 'issueToken', 'deleteUser']);
  });

  test('a creation that failed made nothing: all is skipped, nothing is deleted', async () => {
    const { actions, asked } = actionsWith({ createUser: down });
    const outcome = await run({ actions });
    expect(statuses(outcome)).toEqual(['Failed', 'Skipped', 'Skipped', 'Skipped']);
    expect(outcome.cleanup).toBe('NotNeeded');
    expect(asked).toEqual(['createUser']);
  });

  test('a user that a failed creation made all the same is deleted at the end', async () => {
    const deleted: string[] = [];
    const { actions } = actionsWith({
      createUser: () =>
        Promise.reject(
          new AppError(502, 'ServiceUnavailable', 'no token', {
            details: [{ code: 'UserWithoutToken', message: USER, target: 'identity.id' }],
          }),
        ),
      deleteUser: ({ userId }) => {
        deleted.push(userId);
        return Promise.resolve();
      },
    });
    const outcome = await run({ actions });
    expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
    expect(deleted).toEqual([USER]);
  });

  test('a deletion that fails is tried once more at the end, by the actions for cleaning up', async () => {
    const cleaner = actionsWith();
    const { actions } = actionsWith({ deleteUser: down });
    const outcome = await run({ actions, cleanupActions: cleaner.actions });
    expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
    expect(cleaner.asked).toEqual(['deleteUser']);
  });

  test('a user that can not be deleted is said to be pending', async () => {
    const { actions } = actionsWith({ deleteUser: down });
    expect(await run({ actions })).toMatchObject({ status: 'Failed', cleanup: 'Pending' });
  });

  test('a cleanup that hangs ends at its limit', async () => {
    const { actions } = actionsWith({ deleteUser: never });
    expect(await run({ actions, limits: { stepMs: 20, cleanupMs: 20 } })).toMatchObject({
      status: 'TimedOut',
      cleanup: 'Pending',
    });
  });
});

describe('checks', () => {
  test.each<[string, Partial<IdentityActions>, number, RegExp, Partial<RunRequest>?]>([
    [
      'an id that is not of ACS',
      { createUser: () => Promise.resolve({ identity: { id: '8:orgid:abc' } }) },
      0,
      /user id does not have the form/,
    ],
    [
      'a token asked for at creation that is missing',
      { createUser: () => Promise.resolve({ identity: { id: USER } }) },
      0,
      /requested token is missing/,
      { createTokenWithScopes: ['chat'] },
    ],
    [
      'a token that is no JWT',
      { issueToken: () => Promise.resolve({ token: 'abc', expiresOn: new Date().toISOString() }) },
      1,
      /not a JWT/,
    ],
    [
      'a token for another user',
      { issueToken: () => Promise.resolve(token(['chat'], { skypeid: 'acs:other' })) },
      1,
      /different user/,
    ],
    [
      'a token for more scopes',
      { issueToken: () => Promise.resolve(token(['chat', 'voip'])) },
      1,
      /exactly the scopes chat \(/,
    ],
    [
      'a token for fewer scopes',
      { issueToken: () => Promise.resolve(token(['chat'])) },
      1,
      /exactly the scopes chat, voip/,
      { scopes: ['chat', 'voip'] },
    ],
    [
      'a token that expires too late',
      { issueToken: () => Promise.resolve(token(['chat'], { minutes: 1440 })) },
      1,
      /1380 min later than the requested 60 min/,
    ],
    [
      'a token whose expiry is not expiresOn',
      {
        issueToken: () =>
          Promise.resolve({ ...token(['chat']), expiresOn: new Date(Date.now() + 3_500_000).toISOString() }),
      },
      1,
      /claim exp/,
    ],
  ])(
    '%s fails the step with CheckFailed, and the user is deleted',
    async (_what, faults, index, message, wish = {}) => {
      const { actions, asked } = actionsWith(faults);
      const outcome = await run({ actions, request: { ...request, ...wish } });
      expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
      expect(outcome.actions[index]).toMatchObject({
        status: 'Failed',
        code: 'CheckFailed',
        error: { code: 'CheckFailed' },
      });
      expect(outcome.actions[index]?.error?.message).toMatch(message);
      expect(asked).toContain('deleteUser');
    },
  );

  test('scopes may come in another order', async () => {
    const { actions } = actionsWith({ issueToken: () => Promise.resolve(token(['voip', 'chat'])) });
    expect((await run({ actions, request: { ...request, scopes: ['chat', 'voip'] } })).status).toBe('Succeeded');
  });
});

describe('time', () => {
  test('a step that does not end times out, even if it ignores its signal, and cleanup follows', async () => {
    const { actions, asked } = actionsWith({ issueToken: () => new Promise(() => undefined) });
    const outcome = await run({ actions, limits: { stepMs: 30 } });
    expect(statuses(outcome)).toEqual(['Succeeded', 'TimedOut', 'Skipped', 'Succeeded']);
    expect(outcome).toMatchObject({ status: 'TimedOut', cleanup: 'Clean', error: { code: 'ActionTimedOut' } });
    expect(asked).toContain('deleteUser');
  });

  test('when the time of the run is up, the rest is skipped and the user is deleted', async () => {
    const { actions, asked } = actionsWith({ issueToken: never });
    const outcome = await run({ actions, limits: { runMs: 40, stepMs: 1_000 } });
    expect(outcome.status).toBe('TimedOut');
    expect(statuses(outcome)).toEqual(['Succeeded', 'TimedOut', 'Skipped', 'Skipped']);
    expect(outcome.actions[3]?.error?.code).toBe('RunTimedOut');
    expect(outcome.cleanup).toBe('Clean');
    expect(asked.filter((name) => name === 'deleteUser')).toHaveLength(1);
  });

  test('a stop in a step aborts the run, and the user is deleted before it ends', async () => {
    const stop = new AbortController();
    const { actions, asked } = actionsWith({
      issueToken: (input, options) => {
        setTimeout(() => stop.abort(), 10);
        return never(input, options);
      },
    });
    const outcome = await run({ actions, stop: stop.signal });
    expect(statuses(outcome)).toEqual(['Succeeded', 'Aborted', 'Skipped', 'Skipped']);
    expect(outcome).toMatchObject({ status: 'Aborted', cleanup: 'Clean', error: { code: 'RunAborted' } });
    expect(asked.at(-1)).toBe('deleteUser');
  });

  test('a stop while a user is being made waits a moment for its id, to delete it', async () => {
    const stop = new AbortController();
    const { actions, asked } = actionsWith({
      createUser: async (_input, options) => {
        stop.abort();
        await sleep(30, undefined, { signal: options?.signal ?? undefined });
        return { identity: { id: USER } };
      },
    });
    const outcome = await run({ actions, stop: stop.signal });
    expect(outcome).toMatchObject({ status: 'Aborted', cleanup: 'Clean' });
    expect(asked).toEqual(['createUser', 'deleteUser']);
  });

  test('a run that ended listens to the stop of the app no more', async () => {
    const stop = new AbortController();
    await run({ actions: actionsWith().actions, stop: stop.signal });
    await run({ actions: actionsWith({ createUser: down }).actions, stop: stop.signal });
    await run({
      actions: actionsWith({ createUser: never }).actions,
      stop: stop.signal,
      limits: { stepMs: 20, cleanupMs: 20 },
    });
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test('a stop while a user is being made that hears nothing says so', async () => {
    const stop = new AbortController();
    const { actions } = actionsWith({
      createUser: (input, options) => {
        stop.abort();
        return never(input, options);
      },
    });
    const outcome = await run({ actions, stop: stop.signal, limits: { terminateStepMs: 20, terminateMs: 20 } });
    expect(outcome).toMatchObject({ status: 'Aborted', cleanup: 'Unknown' });
    expect(outcome.actions[0]?.status).toBe('Aborted');
  });
});

describe('a workflow of other steps', () => {
  const step = (name: string, runAfter: Step['runAfter'], fails = false): Step => ({
    name,
    runAfter,
    successCode: 'OK',
    inputs: () => ({}),
    execute: () => (fails ? Promise.reject(new Error('boom accesskey=c2VjcmV0c2VjcmV0')) : Promise.resolve('done')),
    outputs: (output) => output,
  });
  const of = (...steps: Step[]): Workflow => ({ name: 'other', steps });

  test('a step that runs after a failure runs, and the failure stays the verdict', async () => {
    const workflow = of(
      step('A', {}, true),
      step('B', { A: ['Failed'] }),
      step('C', { B: ['Skipped'] }),
      step('D', { C: ['Skipped', 'TimedOut'] }),
    );
    const outcome = await run({ workflow, actions: actionsWith().actions });
    expect(statuses(outcome)).toEqual(['Failed', 'Succeeded', 'Skipped', 'Succeeded']);
    expect(outcome).toMatchObject({ status: 'Failed', cleanup: 'NotNeeded' });
  });

  test('a token of a step with scopes of its own is recorded with these, not with those of the run', async () => {
    const issued: Step = {
      ...step('A', {}),
      inputs: () => ({ scopes: ['voip'] }),
      outputs: () => token(['voip']),
    };
    const outcome = await run({ workflow: of(issued), actions: actionsWith().actions });
    expect(outcome.actions[0]?.outputs).toMatchObject({ token: { redacted: true, scopes: ['voip'] } });
  });

  test('a step that waits for one that does not come before it names that one', async () => {
    const workflow = of(step('A', { B: ['Succeeded'] }), step('B', {}), step('C', { Nobody: ['Skipped'] }));
    const outcome = await run({ workflow, actions: actionsWith().actions });
    expect(statuses(outcome)).toEqual(['Skipped', 'Succeeded', 'Skipped']);
    expect(outcome.actions[0]?.error?.message).toBe(
      "A is skipped: its 'runAfter' names B, but no step of this name comes before it. Correct the name or the order of the steps.",
    );
    expect(outcome.actions[2]?.error?.message).toContain('names Nobody, but no step of this name');
  });

  test("an error's secrets are not kept", async () => {
    const outcome = await run({ workflow: of(step('A', {}, true)), actions: actionsWith().actions });
    expect(outcome.actions[0]?.error?.message).toBe('boom accesskey=[redacted]');
  });

  test('attempts that were repeated are the retry history; the last one is tracked', async () => {
    const attempt = (n: number) => ({
      startTime: '',
      endTime: '',
      code: n < 2 ? 'ServiceUnavailable' : 'OK',
      clientRequestId: `id${n}`,
      serviceRequestId: `cv${n}`,
    });
    const retried: Step = {
      ...step('A', {}),
      execute: ({ call }) => {
        [0, 1, 2].forEach((n) => call.onAttempt?.(attempt(n)));
        return Promise.resolve();
      },
    };
    const [action] = (await run({ workflow: of(retried), actions: actionsWith().actions })).actions;
    expect(action?.retryHistory).toEqual([attempt(0), attempt(1)]);
    expect(action?.correlation).toEqual({
      actionTrackingId: 'id2',
      clientTrackingId: 'track',
      serviceRequestId: 'cv2',
    });
  });

  test('a step that failed before the app was stopped stays the verdict', async () => {
    const stop = new AbortController();
    const { actions } = actionsWith({
      issueToken: down,
      deleteUser: () => {
        stop.abort(new AppError(503, 'Stopped', 'The app is stopping.'));
        return Promise.resolve();
      },
    });
    const outcome = await run({ actions, stop: stop.signal });
    expect(outcome).toMatchObject({ status: 'Failed', error: { code: 'ActionFailed' } });
    expect(outcome.error?.message).toMatch(/^Issue_a_user_access_token failed/);
  });

  test('a user that ACS no longer knows at the end of its run was deleted', async () => {
    const gone = () => Promise.reject(new AppError(404, 'UserNotFound', 'There is no such user.'));
    const { actions } = actionsWith({ deleteUser: gone });
    expect(await run({ actions })).toMatchObject({ cleanup: 'Clean' });
  });

  test('an answer that names the user after the step, while the run cleans up, is still heard', async () => {
    const { actions, asked } = actionsWith({
      createUser: async () => {
        await sleep(120);
        return { identity: { id: USER } };
      },
    });
    const outcome = await run({ actions, limits: { stepMs: 30, cleanupMs: 5_000 } });
    expect(statuses(outcome)).toEqual(['TimedOut', 'Skipped', 'Skipped', 'Skipped']);
    expect(outcome).toMatchObject({ status: 'TimedOut', cleanup: 'Clean' });
    expect(asked).toEqual(['createUser', 'deleteUser']);
  });

  test('no further attempt to create a user is begun when the step has ended', async () => {
    let beforeSendSignal: AbortSignal | undefined;
    const { actions } = actionsWith({
      createUser: (_input: unknown, options?: CallOptions) => {
        beforeSendSignal = options?.beforeSendSignal;
        return never(_input, options);
      },
    });
    await run({ actions, limits: { stepMs: 30, cleanupMs: 50 } });
    expect(beforeSendSignal?.aborted).toBe(true);
  });
});
