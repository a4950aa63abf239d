/** Made by the build from the registered functions and their schemas. */
declare module 'openapi:document' {
  /** The OpenAPI document as JSON. */
  export const text: string;
}
