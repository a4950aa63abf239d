// A separate bundle file, loaded on first use: @azure/identity is as large as the rest of the app.
export { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
