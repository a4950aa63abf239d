// A separate bundle file, loaded on first use of the document. The build makes the text: see local/openapi.mjs.
export { text } from 'openapi:document';
