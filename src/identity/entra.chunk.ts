// A chunk of its own, loaded on first use: @azure/identity is as large as all the rest together.
export { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
