// `npm run --silent dev-token -- --as NAME`: prints an access token of a sample user, for curl.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readLocalSettings, SETTINGS_FILE } from '../localSettings';
import { CommandError, FAILED, messageOf } from '../messages';
import { DEFAULT_SIGN_IN_PORT, DEV_TOKEN_PATH, signInPortOf, TENANTS } from './samples';

/** This file runs as .local/build/signIn/devToken.js. */
const projectRoot = resolve(__dirname, '../../..');
const answerLimitMs = 10_000;

const names = TENANTS.map(({ organization, users }) => `${users.map(({ name }) => name).join(', ')} (${organization})`);

const usage = `Usage: npm run --silent dev-token -- --as NAME

Prints an access token of a sample user of the local sign-in service, for calls with curl. It is valid for an hour.

  --as NAME   ${names.join('; ')}
  --port N    port of the service (default: the one that ENTRA_ISSUERS names in ${SETTINGS_FILE}, else ${DEFAULT_SIGN_IN_PORT})
  --help      this text

  token=$(npm run --silent dev-token -- --as ada)
  curl -X POST -H "Authorization: Bearer $token" http://localhost:7071/api/me/token`;

function readOptions(args: string[]) {
  try {
    const options = { as: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new CommandError(`${messageOf(error)}\n\n${usage}`);
  }
}

async function portInSettings(): Promise<number> {
  // Only a start makes the file.
  if (!existsSync(join(projectRoot, SETTINGS_FILE))) return DEFAULT_SIGN_IN_PORT;
  return signInPortOf((await readLocalSettings(projectRoot)).get('ENTRA_ISSUERS')) ?? DEFAULT_SIGN_IN_PORT;
}

async function main(args: string[]): Promise<string> {
  const { as, port, help } = readOptions(args);
  if (help === true) return usage;
  if (as === undefined || as === '') throw new CommandError(`--as is missing: whose token?\n\n${usage}`);
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new CommandError(`--port takes a port.\n\n${usage}`);
  const origin = `http://127.0.0.1:${port ?? (await portInSettings())}`;
  const url = `${origin}${DEV_TOKEN_PATH}?as=${encodeURIComponent(as)}`;
  const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(answerLimitMs) }).catch(() => {
    throw new CommandError(
      `The local sign-in service does not answer at ${origin}. Start it with npm start or npm run services: they start it if ` +
        `ENTRA_ISSUERS in ${SETTINGS_FILE} names it, as in ${SETTINGS_FILE}.example. Is it at another port? Use --port.`,
      FAILED,
    );
  });
  const text = await answer.text();
  if (answer.ok && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return text;
  if (answer.status === 404 && text.startsWith('There is no sample user')) throw new CommandError(text);
  throw new CommandError(
    `What answers at ${origin} is not the local sign-in service (status ${answer.status}).`,
    FAILED,
  );
}

main(process.argv.slice(2)).then(
  (text) => console.log(text),
  (error: unknown) => {
    console.error(error instanceof CommandError ? error.message : error);
    process.exitCode = error instanceof CommandError ? error.exitCode : FAILED;
  },
);
