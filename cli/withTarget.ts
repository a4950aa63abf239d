import { isAppError } from '../src/base/errors';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from './commandError';
import { openTarget } from './target';
import type { Target, TargetOptions } from './targetOptions';

/**
 * One piece of work on the place that the options name.
 * @throws CommandError with exit code 1 if ACS or the app refuses, 2 if the options or a setting are wrong
 */
export async function withTarget<T>(options: TargetOptions, work: (target: Target) => Promise<T>): Promise<T> {
  const target = await openTarget(options);
  try {
    return await work(target);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new CommandError(errorText(error), error.code === 'Misconfigured' ? COULD_NOT_RUN : FAILED);
  } finally {
    await target.close();
  }
}
