import type { TokenCredential } from '@azure/identity';
import { misconfigured } from '../base/errors';
import { keepTokens } from './keptTokens';

/** @throws AppError `Misconfigured` when `kind` is no kind of credential that this app has */
export function checkCredentialKind(setting: string, kind: string | undefined): void {
  if (kind !== undefined && kind.toLowerCase() !== 'managedidentity') {
    throw misconfigured(setting, "must be 'managedidentity'. Remove it to use DefaultAzureCredential.");
  }
}

/**
 * The Entra ID credential that settings ask for: `managedidentity` is the app's managed identity (with a client id: that
 * user-assigned one), absent is DefaultAzureCredential (environment, workload identity, az login, ...). It keeps its tokens.
 */
export async function createCredential(
  kind: string | undefined,
  clientId: string | undefined,
): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('./entra.chunk');
  if (kind === undefined) {
    return keepTokens(new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId }));
  }
  return keepTokens(
    clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId }),
  );
}
