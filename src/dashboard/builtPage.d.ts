/** Made by the build from `page/`: the bundled script and the style, as texts that are safe inside an HTML document. */
declare module 'dashboard:page' {
  export const script: string;
  export const style: string;
}
