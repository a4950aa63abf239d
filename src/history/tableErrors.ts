/** The answer is not from Azure Tables, but from a proxy, for instance. */
export class NotTables extends Error {}

/** A transaction was refused. The answer has only this status. */
export class TransactionRefused extends Error {
  constructor(readonly statusCode: number) {
    super(`the transaction was refused (${statusCode})`);
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, details } = error as { code?: string; details?: { odataError?: { code?: string } } };
  return details?.odataError?.code ?? code;
}

export const isTableMissing = (error: unknown) => codeOf(error) === 'TableNotFound';

export const isRowMissing = (error: unknown) =>
  (error as { statusCode?: number }).statusCode === 404 && !isTableMissing(error);

/** Has another process changed, created or deleted one of the rows meanwhile? */
export function isConflict(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: number };
  return !isTableMissing(error) && (statusCode === 412 || statusCode === 404 || statusCode === 409);
}

/** The problem of the storage, as the end of a sentence that begins with 'The storage'. */
export function reasonOf(error: unknown): string {
  const { statusCode, code, name } = error as { statusCode?: number; code?: string; name?: string };
  if (/Credential|Authentication/.test(name ?? '')) return 'gets no Entra ID token: check that the identity exists';
  if (error instanceof SyntaxError) return "has a row that this version can't read";
  // the SDK's errors for answers that it can't parse have no code
  const isUnreadable = code === undefined && statusCode === undefined && name !== 'TimeoutReached';
  if (isUnreadable || code === 'PARSE_ERROR')
    return 'gave an answer that is not from Azure Tables: check its address, and any proxies';
  if (statusCode === 401 || statusCode === 403)
    return `refuses access (${statusCode}): check its key, or the role Storage Table Data Contributor`;
  if (statusCode !== undefined) return `failed (${statusCode})`;
  return name === 'TimeoutReached' ? 'did not answer in time' : `can't be reached (${code ?? 'no answer'})`;
}
