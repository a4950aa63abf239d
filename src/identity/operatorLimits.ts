import { errorOfDetails, misconfigured, type ErrorDetail } from '../base/errors';
import type { TokenRequest } from './identityTypes';
import { ACTION_SETTINGS, readSetting, SCOPES, type Scope } from '../base/settings';

/** The maximum and the default lifetime in ACS. */
const ACS_TOKEN_MINUTES = 1440;

/** What callers may ask for, by the operator's settings. */
interface OperatorLimits {
  scopes: readonly Scope[];
  tokenMinutes: number;
}

/** A limit that is exceeded; `target` is the input that exceeds it. */
type ExceededLimit = ErrorDetail & { code: 'ScopeNotAllowed' | 'ExpiryNotAllowed' };

/** @throws AppError `Misconfigured` */
function operatorLimits(): OperatorLimits {
  return {
    scopes: readSetting(ACTION_SETTINGS, 'ALLOWED_SCOPES') ?? SCOPES,
    tokenMinutes: readSetting(ACTION_SETTINGS, 'MAX_TOKEN_MINUTES'),
  };
}

/**
 * Returns the request if the operator's limits allow it. If the request names no lifetime, the longest one that is allowed is filled in (ACS would use 24
 * hours).
 * @throws AppError 403 `ScopeNotAllowed` or `ExpiryNotAllowed`, with a detail for each limit that is exceeded; `Misconfigured`
 */
export function enforceLimits<T extends TokenRequest>(input: T): T {
  const limits = operatorLimits();
  const details = (['scopes', 'createTokenWithScopes'] as const).flatMap((field) =>
    (input[field] ?? []).flatMap((scope, index): ExceededLimit[] =>
      limits.scopes.includes(scope)
        ? []
        : [
            {
              code: 'ScopeNotAllowed',
              target: `${field}[${index}]`,
              message: `${field}[${index}]: ${scope} is not allowed here. Setting ALLOWED_SCOPES allows: ${limits.scopes.join(', ')}.`,
            },
          ],
    ),
  );
  if (input.expiresInMinutes !== undefined && input.expiresInMinutes > limits.tokenMinutes) {
    details.push({
      code: 'ExpiryNotAllowed',
      target: 'expiresInMinutes',
      message: `expiresInMinutes must be at most ${limits.tokenMinutes} here, by setting MAX_TOKEN_MINUTES.`,
    });
  }
  const [first] = details;
  if (first !== undefined) throw errorOfDetails(403, first.code, details);
  const asksForToken = (input.scopes ?? []).length + (input.createTokenWithScopes ?? []).length > 0;
  if (input.expiresInMinutes !== undefined || !asksForToken || limits.tokenMinutes === ACS_TOKEN_MINUTES) return input;
  return { ...input, expiresInMinutes: limits.tokenMinutes };
}

/**
 * Checks that the workflow's own settings are within the limits. Otherwise its runs would fail.
 * @throws AppError `Misconfigured`, which names the setting that exceeds a limit
 */
export function checkWithinLimits(settings: {
  scopes: readonly Scope[];
  createScopes: readonly Scope[];
  tokenMinutes: number;
}): void {
  const limits = operatorLimits();
  for (const [name, scopes] of [
    ['WORKFLOW_SCOPES', settings.scopes],
    ['WORKFLOW_CREATE_SCOPES', settings.createScopes],
  ] as const) {
    const refused = scopes.find((scope) => !limits.scopes.includes(scope));
    if (refused !== undefined) {
      throw misconfigured(
        name,
        `has '${refused}', which setting 'ALLOWED_SCOPES' does not allow. It allows: ${limits.scopes.join(', ')}. Change one of the two.`,
      );
    }
  }
  if (settings.tokenMinutes > limits.tokenMinutes) {
    throw misconfigured(
      'WORKFLOW_TOKEN_MINUTES',
      `is more than setting 'MAX_TOKEN_MINUTES' allows (${limits.tokenMinutes}). Change one of the two.`,
    );
  }
}
