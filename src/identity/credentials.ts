import type { TokenCredential } from '@azure/identity';
import { keepTokens } from './keptTokens';

/**
 * The Entra ID credential that settings ask for: `managedidentity` is the app's managed identity (with a client id: that
 * user-assigned one), absent is DefaultAzureCredential (environment, workload identity, az login, ...). It keeps its tokens.
 */
export async function createCredential(
  kind: 'managedidentity' | undefined,
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
