import { installBicep } from './bicep';

/** Brings the Bicep CLI once, before the tests that need it. */
export default async function findBicepOnce(): Promise<void> {
  const found = await installBicep();
  if ('file' in found) process.env.BICEP_CLI = found.file;
  else console.log(`The templates are not checked, as the Bicep CLI can't be had (${found.reason}).`);
}
