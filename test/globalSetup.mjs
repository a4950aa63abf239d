import { buildIfOutdated as buildEmulator } from '../emulator/build.mjs';
import { build, stopBuilding } from '../local/build.mjs';

/** Tests run against what is deployed and what `npm start` runs, so both are built once before them. */
export default async function buildOnce() {
  await build();
  await buildEmulator();
  await stopBuilding();
}
