import { resolve } from 'node:path';

/** The benches run bundled, two directories below. */
export const ROOT = resolve(__dirname, '../..');
