import type { RedactedToken } from '../../src/base/redact';

/** What may be shown of a token, in lines. */
export function describeToken({ sha256, scopes = [], expiresOn = '' }: RedactedToken): string[] {
  return [
    `  scopes   ${scopes.join(', ')}`,
    `  expires  ${expiresOn}`,
    `  sha256   ${sha256} (its first 12 digits; --output json prints the token itself)`,
  ];
}
