/** The value in the middle of the sorted ones. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that `share` of the sorted ones are below. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}

/** How often a second `work` can be done, `concurrency` at a time, for at least `forMs`. */
export async function perSecond(forMs: number, concurrency: number, work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() - startedAt < forMs) {
        await work();
        done += 1;
      }
    }),
  );
  return (done / (performance.now() - startedAt)) * 1000;
}

/** Prints a table of texts, aligned. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const print = (row: readonly string[]) => {
    console.log(`| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`);
  };
  print(head);
  print(widths.map((width) => '-'.repeat(width)));
  rows.forEach(print);
}

export const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
