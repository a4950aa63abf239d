/** The SVG body of an icon of the Lucide set: constant text, put in by the build. */
declare module 'lucide:*' {
  const body: string;
  export default body;
}
