import { errorOfDetails, misconfigured, type ErrorDetail } from '../base/errors';
import { limitSettings } from '../base/settings';
import type { Scope, TokenRequest } from './identityActions';
import { SCOPES, scopesOfSetting } from './inputs';

/** What ACS gives at the most, and when nobody asks for less. */
const ACS_TOKEN_MINUTES = 1440;

/** What the operator lets callers ask for. */
interface OperatorLimits {
  scopes: readonly Scope[];
  tokenMinutes: number;
}

/** A limit that is exceeded, and by which input. */
type ExceededLimit = ErrorDetail & { code: 'ScopeNotAllowed' | 'ExpiryNotAllowed' };

/** @throws AppError `Misconfigured` */
function operatorLimits(): OperatorLimits {
  const { allowedScopes, maxTokenMinutes } = limitSettings();
  return {
    scopes: allowedScopes === undefined ? SCOPES : scopesOfSetting('ALLOWED_SCOPES', allowedScopes, 1),
    tokenMinutes: maxTokenMinutes,
  };
}

/**
 * What a caller asks of tokens, if the operator allows it. A token whose lifetime is left to ACS (24 hours) gets the longest that is allowed.
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
 * Are the workflow's own settings within the limits? Its runs would fail otherwise.
 * @throws AppError `Misconfigured`, naming the setting that goes beyond
 */
export function checkWithinLimits(settings: {
  scopes: readonly string[];
  createScopes: readonly string[];
  tokenMinutes: number;
}): void {
  const limits = operatorLimits();
  const allowed: readonly string[] = limits.scopes;
  for (const [name, scopes] of [
    ['WORKFLOW_SCOPES', settings.scopes],
    ['WORKFLOW_CREATE_SCOPES', settings.createScopes],
  ] as const) {
    // what is no scope at all has nothing to do with the limits
    const refused = scopesOfSetting(name, scopes, 0).find((scope) => !allowed.includes(scope));
    if (refused !== undefined) {
      throw misconfigured(
        name,
        `has '${refused}', which setting 'ALLOWED_SCOPES' does not allow. It allows: ${allowed.join(', ')}. Change one of the two.`,
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
