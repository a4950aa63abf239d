import { AppError, REQUIRED_SCOPE } from '../base/errors';

// Messages about tokens never repeat a part of a token.

export const invalidToken = (message: string) =>
  new AppError(401, 'InvalidToken', message, { target: 'Authorization' });

export const scopeMissing = (message: string) => new AppError(403, 'ScopeMissing', message, { target: REQUIRED_SCOPE });

export const issuerUnavailable = (retryAfterSeconds: number, cause: unknown) =>
  new AppError(503, 'IssuerUnavailable', "The keys of the token's issuer can't be fetched now. Try again later.", {
    retryAfterSeconds,
    cause,
  });
