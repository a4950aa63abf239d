import type { Connection } from '../../src/identity/connections';
import { classifyAcsError, type AcsFailure } from '../../src/identity/acsFailure';
import { FOREIGN_USER } from '../../src/identity/probes';
import { LIMITS } from '../../src/base/limits';
import { withTimeout } from '../../src/base/timeout';
import { failed, passed, skipped, type Finding } from './finding';

/** How far a clock may be off before doctor reports it: ACS's own limit is 5 or 15 minutes, and clocks drift on. */
const SKEW_SECONDS = 120;

interface Heard {
  /** `undefined` if ACS accepted the call. */
  failure: AcsFailure | undefined;
  status: number | undefined;
  date: string | undefined;
  versions: string | undefined;
  /** Of this machine, when the answer came. */
  heardAt: number;
}

/** Clock, credentials and api-version, by one call that changes nothing: tokens of a user that does not exist are revoked. */
export async function* checkService(connection: Connection, now: () => number = Date.now): AsyncGenerator<Finding> {
  const heard = await ask(connection, now);
  const skew = heard.date === undefined ? undefined : Math.round((heard.heardAt - Date.parse(heard.date)) / 1000);
  if (skew === undefined) yield skipped('clock', 'no answer with a Date header');
  else if (Math.abs(skew) > SKEW_SECONDS) {
    yield failed(
      'clock',
      'ClockWrong',
      `This machine's clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} ${connection.host}.`,
    );
  } else yield passed('clock', `within ${Math.max(1, Math.abs(skew))} s of ${connection.host}`);
  yield* judge(heard, connection);
}

async function ask({ client }: Connection, now: () => number): Promise<Heard> {
  let answer: { status: number; headers: { get(name: string): string | undefined } } | undefined;
  let failure: AcsFailure | undefined;
  try {
    await withTimeout(LIMITS.callMs, undefined, (abortSignal) =>
      client.revokeTokens(
        { communicationUserId: FOREIGN_USER },
        { abortSignal, onResponse: (response) => (answer = response) },
      ),
    );
  } catch (error) {
    failure = classifyAcsError(error, answer?.status);
    if (failure.kind === 'unexpected') throw error;
  }
  return {
    failure,
    status: failure?.status ?? answer?.status,
    date: answer?.headers.get('date'),
    versions: answer?.headers.get('api-supported-versions'),
    heardAt: now(),
  };
}

function* judge({ failure, status, versions }: Heard, { host, whatToCheck }: Connection): Generator<Finding> {
  const byKey = whatToCheck.includes('access key');
  const cv = failure?.msCv === undefined ? '' : ` MS-CV: ${failure.msCv}.`;
  const code = failure?.acsCode;
  const good = passed('credentials', byKey ? 'the access key is accepted' : 'the Entra ID token is accepted');
  if (failure === undefined || code === 'IdentityNotOwned' || (status === 404 && code !== undefined)) {
    yield good;
    yield passed('api-version', versions === undefined ? 'served' : `served (ACS serves ${versions})`);
    return;
  }
  if (code === 'UnsupportedApiVersion' || /does not support the API version/i.test(failure.acsMessage ?? '')) {
    yield skipped('credentials', 'ACS looks at the api-version first');
    yield failed('api-version', 'ApiVersionNotServed', `${host} does not serve the api-version of this package.${cv}`);
    return;
  }
  yield refusal();
  yield skipped('api-version', 'see above');

  function refusal(): Finding {
    switch (failure?.kind) {
      case 'credential':
        return failed('credentials', 'NoEntraToken', `There is no Entra ID token (${failure.code}).`);
      case 'timeout':
        return failed('credentials', 'NoAnswer', `${host} gave no answer within ${LIMITS.callMs / 1000} s.`);
      case 'http':
        if (status === 429) return failed('credentials', 'Throttled', `${host} throttles this resource (429).${cv}`);
        if (failure.msCv === undefined && code === undefined && status !== 401 && status !== 403) {
          return failed('credentials', 'NotAcs', `${host} answered ${status ?? ''}, but not as ACS does.`);
        }
        if (status === 401 || status === 403) {
          return byKey
            ? failed('credentials', 'KeyRefused', `${host} refuses the access key (${status} ${code ?? ''}).${cv}`)
            : failed('credentials', 'RoleMissing', `${host} refuses this identity (${status} ${code ?? ''}).${cv}`);
        }
        return failed('credentials', 'ServiceFailed', `${host} answered ${status ?? ''} ${code ?? ''}.${cv}`);
      case 'incomplete':
        return failed('credentials', 'NotAcs', `${host} answered ${status ?? ''}, but not as ACS does.`);
      default:
        return failed(
          'credentials',
          'NoConnection',
          `The connection to ${host} broke (${failure?.code ?? 'unknown'}).`,
        );
    }
  }
}
